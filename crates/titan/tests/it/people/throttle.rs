//! Guessing, spraying and stuffing are slowed, and the owner still gets in.

use super::platform;
use crate::support::people::PASSWORD;
use serde_json::json;

const WRONG: &str = "wrong but long enough";

#[tokio::test]
async fn guessing_is_stopped_after_ten_and_says_how_long() {
    let app = platform().await;
    app.user("ada@example.com", "member").await;
    for _ in 0..10 {
        app.login("ada@example.com", WRONG).await.expect(401);
    }
    let refused = app.login("ada@example.com", PASSWORD).await.expect(429);
    assert_eq!(refused.at("/error/code"), json!("TOO_MANY_REQUESTS"));
    let seconds: u32 = refused.header("retry-after").parse().unwrap();
    assert!((1..=900).contains(&seconds), "{seconds}");
    app.clock.advance(901);
    app.login("ada@example.com", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_hundred_guesses_at_once_are_ten() {
    let app = platform().await;
    app.user("ada@example.com", "member").await;
    let guesses = (0..30).map(|_| app.login("ada@example.com", WRONG));
    let answers = futures_util::future::join_all(guesses).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 10);
}

#[tokio::test]
async fn a_spray_from_one_address_is_stopped_and_unknown_accounts_count_too() {
    let app = platform().await;
    for n in 0..10 {
        app.login(&format!("user{n}@example.com"), WRONG).await.expect(401);
    }
    app.login("user11@example.com", WRONG).await.expect(429);
}

/// Behind a proxy that is trusted, so that the test can come from many addresses.
#[tokio::test]
async fn stuffing_from_many_addresses_leaves_the_owner_a_way_in() {
    let app = crate::support::TestApp::with(|config| {
        config.trusted_proxies = vec!["127.0.0.1".to_owned()];
    })
    .await;
    app.user("ada@example.com", "member").await;
    let login = async |address: &str, password: &str| {
        let body = json!({ "email": "ada@example.com", "password": password });
        let request = app.nobody().request("POST", "/api/v1/auth/login").header("x-forwarded-for", address);
        request.json(&body).send().await.unwrap().status().as_u16()
    };
    assert_eq!(login("192.0.2.1", PASSWORD).await, 200);
    for n in 1..=10 {
        assert_eq!(login(&format!("198.51.100.{n}"), WRONG).await, 401);
    }
    assert_eq!(login("198.51.100.99", PASSWORD).await, 429, "from an address that is new");
    assert_eq!(login("192.0.2.1", PASSWORD).await, 200, "from where the owner was before");
}

#[tokio::test]
async fn a_restart_forgets_no_failure() {
    let mut app = platform().await;
    app.user("ada@example.com", "member").await;
    for _ in 0..10 {
        app.login("ada@example.com", WRONG).await.expect(401);
    }
    app.stop().await;
    let url = app.database_url.clone();
    let again = crate::support::TestApp::with(|config| config.database_url = url).await;
    again.login("ada@example.com", PASSWORD).await.expect(429);
}

/// A sign-in that fails for another reason than its password is no guess.
#[tokio::test]
async fn what_is_no_guess_is_not_counted() {
    let app = platform().await;
    let ada = app.user("ada@example.com", "member").await;
    let tenant = app.tenant("other").await;
    let path = format!("/admin/tenants/{tenant}/members/{ada}");
    app.master().send("PUT", &path, Some(json!({ "role": "member" }))).await.expect(200);
    for _ in 0..12 {
        app.login("ada@example.com", PASSWORD).await.expect(400);
    }
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "tenant_id": tenant });
    app.nobody().post("/api/v1/auth/login", body).await.expect(200);
}

/// From where the owner signs in, somebody else guesses.
#[tokio::test]
async fn the_owners_sign_ins_do_not_give_new_guesses() {
    let app = platform().await;
    app.user("ada@example.com", "member").await;
    app.login("ada@example.com", PASSWORD).await.expect(200);
    for _ in 0..9 {
        app.login("ada@example.com", WRONG).await.expect(401);
    }
    app.login("ada@example.com", PASSWORD).await.expect(200);
    app.login("ada@example.com", WRONG).await.expect(401);
    app.login("ada@example.com", WRONG).await.expect(429);
}
