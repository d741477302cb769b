//! Every action and every route: what the rules allow passes, and nothing else.

use super::{CHAT, SEND, Shop, TYPING, allowing, message, with};
use crate::support::TestApp;
use crate::support::upstream::header;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Every route with an action in the policy `whatsapp`: method, path, action.
const ROUTES: [(&str, &str, &str); 23] = [
    ("POST", "/api/messages/send", "send_message"),
    ("POST", "/api/sessions/default/messages/send", "send_message"),
    ("POST", "/api/default/messages/send", "send_message"),
    ("POST", "/api/sessions/default/messages/react", "send_reaction"),
    ("POST", "/api/default/messages/react", "send_reaction"),
    ("POST", "/api/sessions/default/messages/typing", "send_typing"),
    ("POST", "/api/default/messages/typing", "send_typing"),
    ("POST", "/api/sessions/default/messages/seen", "send_seen"),
    ("POST", "/api/default/messages/seen", "send_seen"),
    ("GET", "/api/sessions/default/contacts", "read_contact"),
    ("GET", "/api/default/contacts", "read_contact"),
    ("GET", "/api/sessions/default/contacts/1", "read_contact"),
    ("GET", "/api/default/contacts/1", "read_contact"),
    ("GET", "/api/sessions/default/contacts/1/picture", "read_contact"),
    ("GET", "/api/default/contacts/1/picture", "read_contact"),
    ("POST", "/api/sessions/default/contacts/check", "read_contact"),
    ("POST", "/api/default/contacts/check", "read_contact"),
    ("GET", "/api/sessions/default/presence", "read_presence"),
    ("GET", "/api/default/presence", "read_presence"),
    ("GET", "/api/sessions/default/presence/4915@c.us", "read_presence"),
    ("GET", "/api/default/presence/4915@c.us", "read_presence"),
    ("POST", "/api/sessions/default/presence/4915@c.us/subscribe", "subscribe_presence"),
    ("POST", "/api/default/presence/4915@c.us/subscribe", "subscribe_presence"),
];
/// Routes of the same session, and others, that have no action.
const OTHERS: [(&str, &str); 14] = [
    ("GET", "/api/whoami"),
    ("GET", "/api/sessions"),
    ("POST", "/api/sessions"),
    ("GET", "/api/sessions/default"),
    ("DELETE", "/api/sessions/default"),
    ("POST", "/api/sessions/default/start"),
    ("GET", "/api/default/pair/qr"),
    ("POST", "/api/sessions/default/messages/delete"),
    ("GET", "/api/sessions/default/chats"),
    ("GET", "/api/sessions/default/contacts/blocklist"),
    ("POST", "/api/sessions/default/presence"),
    ("GET", "/api/sessions/default/new/route"),
    ("POST", "/api/sessions/default/contacts/1/block"),
    ("GET", "/not/listed"),
];

fn body(method: &str) -> Option<Value> {
    (method == "POST").then(|| with(message(CHAT), &json!({ "session": "default" })))
}

#[test]
fn the_table_has_every_route_of_the_policy() {
    let policy = include_str!("../../../../../policies/whatsapp.toml");
    let actions: BTreeSet<_> = policy.lines().filter_map(|line| line.strip_prefix("action = \"")).collect();
    let actions: BTreeSet<_> = actions.into_iter().map(|name| name.trim_end_matches('"')).collect();
    assert_eq!(actions, ROUTES.iter().map(|(.., action)| *action).collect());
    assert_eq!(policy.lines().filter(|line| line.starts_with("action")).count(), ROUTES.len());
}

#[tokio::test]
async fn every_action_reaches_its_routes_and_no_other() {
    let app = TestApp::start().await;
    let shop = Shop::of(&app, 1).await;
    let actions: BTreeSet<_> = ROUTES.iter().map(|(.., action)| *action).collect();
    for allowed in actions {
        shop.set(allowing(allowed)).await;
        let page = shop.page(&app, "ada").await;
        for (method, path, action) in ROUTES {
            let answer = page.send(method, path, body(method)).await;
            if action == allowed {
                answer.expect(200);
            } else {
                answer.refused(403, &format!("action not allowed: {action}"));
            }
        }
        app.upstream.take();
    }
}

#[tokio::test]
async fn a_route_without_an_action_is_reached_by_no_token() {
    let app = TestApp::start().await;
    let all: BTreeSet<_> = ROUTES.iter().map(|(.., action)| *action).collect();
    let all: Vec<_> = all.into_iter().collect();
    let shop = Shop::with(&app, allowing(&all.join(","))).await;
    let page = shop.page(&app, "ada").await;
    for (method, path) in OTHERS {
        let answer = page.send(method, path, body(method)).await.refused(403, "route not allowed");
        assert_eq!(answer.text_at("/code"), "route_not_allowed");
    }
    assert!(app.upstream.take().is_empty());
}

#[tokio::test]
async fn the_server_learns_who_asks_and_for_whom() {
    let app = TestApp::start().await;
    let shop = Shop::with(&app, allowing("send_message")).await;
    let page = shop.page(&app, "ada@shop").await;
    let request = page.request("POST", SEND).header("x-titan-subject", "usr_1").json(&message(CHAT));
    request.send().await.unwrap().error_for_status().unwrap();
    let said = app.upstream.take().remove(0);
    for (name, value) in [
        ("x-titan-key-id", shop.key.id.as_str()),
        ("x-titan-subject", "ada@shop"),
        ("x-titan-session", "default"),
        ("x-titan-tenant", "1"),
        ("x-titan-scopes", ""),
    ] {
        assert_eq!(header(&said, name), [value], "{name}");
    }
    assert!(header(&said, "authorization").is_empty());
    assert_eq!(said["body"], message(CHAT).to_string());
}

#[tokio::test]
async fn without_rules_and_with_rules_that_are_off_nothing_passes() {
    let app = TestApp::start().await;
    let shop = Shop::with(&app, allowing("send_typing")).await;
    let page = shop.page(&app, "ada").await;
    page.post(TYPING, message(CHAT)).await.expect(200);
    shop.set(with(allowing("send_typing"), &json!({ "enabled": false }))).await;
    let answer = page.post(TYPING, message(CHAT)).await;
    let answer = answer.refused(403, "client tokens are disabled for this session");
    assert_eq!(answer.text_at("/code"), "client_tokens_disabled");
    shop.set(allowing("send_typing")).await;
    page.post(TYPING, message(CHAT)).await.expect(200);
    shop.role.delete(super::RULES).await.expect(204);
    page.post(TYPING, message(CHAT)).await.refused(403, "client tokens are disabled for this session");
}

#[tokio::test]
async fn a_token_reaches_only_its_own_session() {
    let app = TestApp::start().await;
    let shop = Shop::with(&app, allowing("send_message,read_presence")).await;
    let rules = Some(allowing("send_message,read_presence"));
    shop.role.send("PUT", "/api/sessions/support/client-rules", rules).await.expect(200);
    let page = shop.page(&app, "ada").await;
    for (method, path) in [
        ("POST", "/api/sessions/support/messages/send"),
        ("POST", "/api/support/messages/send"),
        ("GET", "/api/sessions/support/presence"),
        ("GET", "/api/sessions/Default/presence"),
        ("GET", "/api/sessions/default%20/presence"),
    ] {
        let answer = page.send(method, path, body(method)).await.refused(403, "session not allowed");
        assert_eq!(answer.text_at("/code"), "session_not_allowed");
    }
    page.get("/api/sessions/%64efault/presence").await.expect(200);
    for session in
        [json!("support"), json!(null), json!(["default"]), json!({ "default": 1 }), json!("default ")]
    {
        let body = with(message(CHAT), &json!({ "session": session }));
        page.post("/api/messages/send", body).await.refused(403, "session not allowed");
    }
    page.post("/api/messages/send", message(CHAT)).await.refused(403, "session not allowed");
    assert_eq!(app.upstream.take().len(), 1);
}
