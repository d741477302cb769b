//! From where a key was last used.

use super::{SESSIONS, counted, repeat};
use crate::support::TestApp;
use serde_json::{Value, json};
use titan::config::UsageClients;

const PRESENCE: &str = "/api/sessions/default/presence";

async fn last_client(app: &TestApp, key: &str, requests: u64) -> Value {
    counted(app, &format!("/admin/keys/{key}/usage"), requests).await.at("/lastClient")
}

#[tokio::test]
async fn the_network_and_the_program_of_the_last_client_are_known_shortened() {
    let app = TestApp::with(|config| config.trusted_proxies = vec!["127.0.0.1".to_owned()]).await;
    let key = app.key(&["sessions:read"]).await;
    let ask = async |address: &str, agent: &str, path: &str| {
        let request = app.holder(&key).request("GET", path).header("x-forwarded-for", address);
        request.header("user-agent", agent).send().await.unwrap();
    };
    ask("203.0.113.77", &format!("=cmd {}", "x".repeat(100)), SESSIONS).await;
    let client = last_client(&app, &key.id, 1).await;
    assert_eq!(client["address"], "203.0.113.0/24");
    assert_eq!(client["userAgent"], format!("=cmd {}", "x".repeat(59)));
    // Whoever is refused with a key, or asks about it, is not its client.
    ask("198.51.100.1", "thief", "/no/such/route").await;
    app.verify(&key.text).await;
    assert_eq!(last_client(&app, &key.id, 3).await["address"], "203.0.113.0/24");
    ask("2001:db8:1:2::3", "curl/8", SESSIONS).await;
    let client = last_client(&app, &key.id, 4).await;
    assert_eq!((&client["address"], &client["userAgent"]), (&"2001:db8:1::/48".into(), &"curl/8".into()));
}

/// Pages are many, and none of them is the server that has the key.
#[tokio::test]
async fn the_page_that_holds_a_client_token_is_not_the_client_of_its_key() {
    let app = TestApp::with(|config| config.trusted_proxies = vec!["127.0.0.1".to_owned()]).await;
    let key = app.key(&["*"]).await;
    let shop = app.holder(&key);
    let rules = json!({ "recipientMode": "any", "allowedActions": "read_presence" });
    shop.send("PUT", "/api/sessions/default/client-rules", Some(rules)).await.expect(200);
    let body = json!({ "session": "default", "ephemeralId": "ada" });
    let token = shop.post("/api/client-tokens", body).await.expect(201).text_at("/data/token");
    let page = app.role(Some(&token)).request("GET", PRESENCE);
    let answer = page.header("x-forwarded-for", "203.0.113.77").send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(last_client(&app, &key.id, 1).await, Value::Null, "it counts for the key all the same");
    // On the same route, where the page may come first.
    app.role(Some(&token)).get(PRESENCE).await.expect(200);
    let asked = shop.request("GET", PRESENCE).header("x-forwarded-for", "198.51.100.7");
    assert_eq!(asked.send().await.unwrap().status().as_u16(), 200);
    assert_eq!(last_client(&app, &key.id, 3).await["address"], "198.51.100.0/24");
}

#[tokio::test]
async fn it_can_be_switched_off() {
    let app = TestApp::with(|config| config.usage_clients = UsageClients::Off).await;
    let key = app.key(&["sessions:read"]).await;
    repeat(&app.holder(&key), SESSIONS, 1).await;
    assert_eq!(last_client(&app, &key.id, 1).await, Value::Null);
}

/// Its form is printed in documents of others.
#[tokio::test]
async fn a_key_shows_no_more_than_before() {
    let app = TestApp::start().await;
    let key = app.key(&["sessions:read"]).await;
    repeat(&app.holder(&key), SESSIONS, 1).await;
    last_client(&app, &key.id, 1).await;
    let shown = app.master().get(&format!("/admin/keys/{}", key.id)).await.expect(200).at("/data");
    assert!(shown.get("lastClient").is_none(), "{shown}");
}
