//! Forward-auth sees no body: what a body decides is refused there.

use super::{CHAT, Shop, allowing, with};
use crate::support::{Answer, Role, TestApp};
use serde_json::json;

async fn ask(page: &Role, method: &str, path: &str) -> Answer {
    let request = page.request("GET", "/auth/traefik");
    let request = request.header("x-forwarded-method", method).header("x-forwarded-uri", path);
    Answer::read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn what_the_body_decides_is_refused_and_the_rest_is_decided() {
    const SEND: &str = "/api/sessions/default/messages/send";
    const NEEDED: &str =
        "the body decides whether a client token may do this: it must go through the gateway";
    let app = TestApp::start().await;
    let actions = allowing("send_message,read_presence");
    let shop = Shop::with(&app, with(actions.clone(), &json!({ "recipientMode": "conversation" }))).await;
    let page = shop.page(&app, "ada").await;
    ask(&page, "POST", SEND).await.refused(403, NEEDED);
    ask(&page, "POST", "/api/messages/send").await.refused(403, NEEDED);
    let presence = format!("/api/sessions/default/presence/{CHAT}");
    let answer = ask(&page, "GET", &presence).await.expect(200);
    assert_eq!(answer.header("x-titan-subject"), "ada");
    assert_eq!(answer.header("x-titan-key-id"), shop.key.id);
    ask(&page, "GET", "/api/sessions/default/presence/666@c.us").await.refused(403, "recipient not allowed");
    ask(&page, "GET", "/api/sessions/other/presence").await.refused(403, "session not allowed");
    ask(&page, "GET", "/api/sessions").await.refused(403, "route not allowed");
    // To whom does not matter: the path says it all.
    shop.set(actions).await;
    ask(&page, "POST", SEND).await.expect(200);
    ask(&page, "POST", "/api/messages/send").await.refused(403, NEEDED);
}

#[tokio::test]
async fn what_is_refused_there_counts_toward_no_limit() {
    let app = TestApp::start().await;
    let rules = with(
        allowing("send_message,read_presence"),
        &json!({ "recipientMode": "conversation", "rateLimit": 2 }),
    );
    let page = Shop::with(&app, rules).await.page(&app, "ada").await;
    for _ in 0..5 {
        ask(&page, "POST", "/api/sessions/default/messages/send").await.expect(403);
    }
    for status in [200, 200, 429] {
        ask(&page, "GET", "/api/sessions/default/presence").await.expect(status);
    }
}
