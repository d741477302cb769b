//! Each verdict moves its own counter, and no other.

use super::{SESSIONS, Scrape, scrape};
use crate::support::app::{MASTER_KEY, MadeKey};
use crate::support::{Role, TestApp};
use serde_json::json;

fn verdicts(scrape: &Scrape) -> Vec<(String, f64)> {
    let all = scrape.0.iter().filter(|(series, _)| series.starts_with("titan_verdicts_total"));
    all.map(|(series, value)| (series.clone(), *value)).collect()
}

/// What has risen, as `part credential reason`.
fn risen(before: &Scrape, after: &Scrape) -> Vec<String> {
    let pairs = verdicts(before).into_iter().zip(verdicts(after));
    let risen = pairs.filter(|((_, old), (_, new))| new > old);
    risen.map(|(_, (series, _))| series.split('"').skip(1).step_by(2).collect::<Vec<_>>().join(" ")).collect()
}

/// Asserts what one request counts.
async fn counts(app: &TestApp, role: &Role, path: &str, expected: &str) {
    let before = scrape(app).await;
    role.get(path).await;
    assert_eq!(risen(&before, &scrape(app).await), [format!("gateway {expected}")]);
}

async fn disabled(app: &TestApp) -> MadeKey {
    let key = app.key(&["*"]).await;
    let path = format!("/admin/keys/{}", key.id);
    app.master().patch(&path, json!({ "isActive": false })).await.expect(200);
    key
}

async fn revoked(app: &TestApp) -> MadeKey {
    let key = app.key(&["*"]).await;
    app.master().delete(&format!("/admin/keys/{}", key.id)).await.expect(204);
    key
}

/// The same text with another last character of its MAC.
fn forged(key: &MadeKey) -> String {
    let (rest, last) = key.text.split_at(key.text.len() - 1);
    format!("{}{}{last}", &rest[..rest.len() - 1], if rest.ends_with('A') { 'B' } else { 'A' })
}

#[tokio::test]
async fn each_reason_has_a_counter() {
    let app = TestApp::start().await;
    let (good, poor) = (app.key(&["*"]).await, app.key(&["groups:read"]).await);
    let (disabled, revoked) = (disabled(&app).await, revoked(&app).await);
    counts(&app, &app.holder(&good), SESSIONS, "api_key valid").await;
    counts(&app, &app.nobody(), SESSIONS, "none missing").await;
    counts(&app, &app.role(Some("nonsense")), SESSIONS, "unknown malformed").await;
    counts(&app, &app.role(Some("titan_x")), SESSIONS, "api_key malformed").await;
    counts(&app, &app.role(Some(&forged(&good))), SESSIONS, "api_key invalid").await;
    counts(&app, &app.holder(&disabled), SESSIONS, "api_key disabled").await;
    counts(&app, &app.holder(&revoked), SESSIONS, "api_key revoked").await;
    counts(&app, &app.holder(&poor), SESSIONS, "api_key insufficient_scope").await;
    counts(&app, &app.holder(&good), "/no/such/route", "api_key route_not_allowed").await;
    counts(&app, &app.role(Some(MASTER_KEY)), SESSIONS, "unknown wrong_credential").await;
    let unknown = format!("whm_{}", "0".repeat(32));
    counts(&app, &app.role(Some(&unknown)), SESSIONS, "opaque invalid").await;
    app.clock.advance(31 * 86_400);
    counts(&app, &app.holder(&good), SESSIONS, "api_key expired").await;
}

#[tokio::test]
async fn people_are_counted_by_their_credential() {
    let app = TestApp::start().await;
    let person = app.person("ada@example.com", "member").await;
    counts(&app, &app.as_person(&person), SESSIONS, "jwt valid").await;
    app.as_person(&person).send("POST", "/api/v1/auth/logout", None).await.expect(204);
    counts(&app, &app.as_person(&person), SESSIONS, "jwt session_ended").await;
}

#[tokio::test]
async fn two_credentials_are_conflicting() {
    let app = TestApp::start().await;
    let before = scrape(&app).await;
    let request = app.role(Some("titan_x")).request("GET", SESSIONS).header("x-api-key", "titan_y");
    assert_eq!(request.send().await.unwrap().status(), 401);
    assert_eq!(risen(&before, &scrape(&app).await), ["gateway unknown conflicting"]);
}

#[tokio::test]
async fn verify_counts_the_key_in_question() {
    let app = TestApp::start().await;
    let (good, revoked) = (app.key(&["*"]).await, revoked(&app).await);
    for (key, expected) in [
        (good.text.as_str(), "verify api_key valid"),
        (revoked.text.as_str(), "verify api_key revoked"),
        ("nonsense", "verify unknown malformed"),
    ] {
        let before = scrape(&app).await;
        app.verify(key).await;
        assert_eq!(risen(&before, &scrape(&app).await), [expected]);
    }
    let before = scrape(&app).await;
    app.master().post("/auth/verify", json!({ "key": good.text, "cost": 0 })).await.expect(400);
    app.nobody().post("/auth/verify", json!({ "key": good.text })).await.expect(401);
    assert!(risen(&before, &scrape(&app).await).is_empty(), "there was no verdict about a key");
}

#[tokio::test]
async fn forward_auth_counts_as_itself() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await;
    let before = scrape(&app).await;
    let request = app.holder(&key).request("GET", "/auth/nginx");
    let request =
        request.header("x-original-url", "http://a/api/sessions").header("x-original-method", "GET");
    assert_eq!(request.send().await.unwrap().status(), 204);
    assert_eq!(risen(&before, &scrape(&app).await), ["forward_auth api_key valid"]);
}
