//! Limits of persons: a minute and a day.

use super::{CHAT, SEND, Shop, TYPING, allowing, message, with};
use crate::support::database::new_database;
use crate::support::{Role, TestApp};
use serde_json::json;

const ACTIONS: &str = "send_message,send_reaction,send_typing";

async fn passed(page: &Role, path: &str, requests: u32) -> u32 {
    let mut passed = 0;
    for _ in 0..requests {
        passed += u32::from(page.post(path, message(CHAT)).await.status == 200);
    }
    passed
}

#[tokio::test]
async fn each_person_has_a_minute_of_their_own() {
    let app = TestApp::start().await;
    let shop = Shop::with(&app, with(allowing(ACTIONS), &json!({ "rateLimit": 5 }))).await;
    let ada = shop.page(&app, "ada").await;
    let first = ada.post(SEND, message(CHAT)).await.expect(200);
    assert_eq!((first.header("x-ratelimit-limit"), first.header("x-ratelimit-remaining")), ("5", "4"));
    assert_eq!(first.header("ratelimit-policy"), "\"client\";q=5;w=60");
    assert_eq!(passed(&ada, TYPING, 6).await, 4, "all requests count");
    let refused = ada.post(SEND, message(CHAT)).await.refused(429, "rate limit exceeded");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    // Another token does not help, and another person is another person.
    assert_eq!(passed(&shop.page(&app, "ada").await, SEND, 1).await, 0);
    assert_eq!(passed(&shop.page(&app, "bob").await, SEND, 6).await, 5);
    // What is refused for another reason counts for nothing.
    let carol = shop.page(&app, "carol").await;
    for _ in 0..6 {
        carol.get("/api/sessions/default/chats").await.expect(403);
    }
    assert_eq!(passed(&carol, SEND, 6).await, 5);
}

#[tokio::test]
async fn persons_of_other_sessions_and_tenants_are_others() {
    let app = TestApp::start().await;
    let rules = || with(allowing(ACTIONS), &json!({ "rateLimit": 1, "maxDaily": 1 }));
    let shop = Shop::with(&app, rules()).await;
    assert_eq!(passed(&shop.page(&app, "ada").await, SEND, 2).await, 1);
    let other = Shop::of(&app, app.tenant("other").await).await;
    other.set(rules()).await;
    assert_eq!(passed(&other.page(&app, "ada").await, SEND, 2).await, 1);
    let path = "/api/sessions/support/client-rules";
    shop.role.send("PUT", path, Some(rules())).await.expect(200);
    let body = json!({ "session": "support", "ephemeralId": "ada", "chatId": CHAT });
    let token = shop.role.post(super::TOKENS, body).await.expect(201).text_at("/data/token");
    let page = app.role(Some(&token));
    assert_eq!(passed(&page, "/api/sessions/support/messages/send", 2).await, 1);
}

#[tokio::test]
async fn messages_and_reactions_count_toward_the_day_until_midnight() {
    let app = TestApp::start().await;
    let shop = Shop::with(&app, with(allowing(ACTIONS), &json!({ "maxDaily": 3 }))).await;
    let ada = shop.page(&app, "ada").await;
    assert_eq!(passed(&ada, TYPING, 5).await, 5, "typing does not count");
    assert_eq!(passed(&ada, SEND, 2).await, 2);
    assert_eq!(passed(&ada, "/api/sessions/default/messages/react", 2).await, 1);
    let refused = ada.post(SEND, message(CHAT)).await.refused(429, "daily limit reached");
    let seconds: i64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=86_400).contains(&seconds), "{seconds}");
    assert_eq!(passed(&ada, TYPING, 1).await, 1);
    assert_eq!(passed(&shop.page(&app, "bob").await, SEND, 4).await, 3);
    // More are allowed at once.
    shop.set(with(allowing(ACTIONS), &json!({ "maxDaily": 4 }))).await;
    assert_eq!(passed(&ada, SEND, 2).await, 1);
    app.clock.advance(seconds);
    assert_eq!(passed(&shop.page(&app, "ada").await, SEND, 5).await, 4, "a new day");
}

#[tokio::test]
async fn a_restart_forgets_no_day() {
    let folder = tempfile::tempdir().unwrap();
    let url = new_database(folder.path());
    let start = || TestApp::with(|config| config.database_url.clone_from(&url));
    let mut app = start().await;
    let shop = Shop::with(&app, with(allowing(ACTIONS), &json!({ "maxDaily": 3, "rateLimit": 100 }))).await;
    let token = shop.token("ada").await;
    assert_eq!(passed(&app.role(Some(&token)), SEND, 2).await, 2);
    app.stop().await;
    let app = start().await;
    assert_eq!(passed(&app.role(Some(&token)), SEND, 2).await, 1);
    app.role(Some(&token)).post(SEND, message(CHAT)).await.refused(429, "daily limit reached");
}

#[tokio::test]
async fn a_person_who_has_used_up_the_day_takes_nothing_from_others() {
    let app = TestApp::with(|config| config.msg_rate_limit = 6).await;
    let shop = Shop::with(&app, with(allowing(ACTIONS), &json!({ "maxDaily": 1 }))).await;
    let ada = shop.page(&app, "ada").await;
    assert_eq!(passed(&ada, SEND, 30).await, 1);
    let refused = ada.post(SEND, message(CHAT)).await.refused(429, "daily limit reached");
    assert_eq!(refused.header("x-ratelimit-remaining"), "", "no other limit is the reason");
    // One for the message, one for the first refusal.
    let key = app.holder(&app.key(&["*"]).await);
    assert_eq!(passed(&key, SEND, 9).await, 4);
    let page = app.master().get("/metrics").await.expect(200).text;
    assert!(page.contains("titan_limit_refusals_total{limit=\"day\"} 30"), "{page}");
}

#[tokio::test]
async fn a_restart_forgets_no_minute() {
    let folder = tempfile::tempdir().unwrap();
    let url = new_database(folder.path());
    let start = || TestApp::with(|config| config.database_url.clone_from(&url));
    let mut app = start().await;
    let shop = Shop::with(&app, with(allowing(ACTIONS), &json!({ "rateLimit": 5 }))).await;
    let token = shop.token("ada").await;
    assert_eq!(passed(&app.role(Some(&token)), SEND, 3).await, 3);
    app.stop().await;
    let app = start().await;
    assert_eq!(passed(&app.role(Some(&token)), SEND, 6).await, 2);
}

#[tokio::test]
async fn the_limits_of_all_hold_for_pages_too() {
    let app = TestApp::with(|config| config.msg_rate_limit = 2).await;
    let shop = Shop::with(&app, with(allowing(ACTIONS), &json!({ "rateLimit": 100 }))).await;
    let page = shop.page(&app, "ada").await;
    assert_eq!(passed(&page, SEND, 4).await, 2);
    assert_eq!(passed(&page, TYPING, 4).await, 4);
}
