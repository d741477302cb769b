//! Setting, seeing and deleting rules.

use super::{RULES, Shop, TOKENS, allowing, with};
use crate::support::TestApp;
use serde_json::json;

#[tokio::test]
async fn rules_are_set_seen_and_deleted() {
    let app = TestApp::start().await;
    let shop = Shop::of(&app, 1).await;
    shop.role.get(RULES).await.refused(404, "client rules of this session not found");
    let rules = json!({
        "recipientMode": "allowlist", "allowedRecipients": "2@c.us, 1%40c.us", "allowedActions": "send_typing,send_message",
        "allowedOrigins": ["HTTPS://Shop.example:443"], "rateLimit": 5, "maxDaily": 100,
    });
    let answer = shop.set(rules).await;
    let view = json!({
        "session": "default", "recipientMode": "allowlist", "allowedRecipients": ["1@c.us", "2@c.us"],
        "allowedActions": ["send_message", "send_typing"], "allowedOrigins": ["https://shop.example"],
        "rateLimit": 5, "maxDaily": 100, "enabled": true,
    });
    assert_eq!(answer.at("/data"), view);
    assert!(answer.header("titan-revocation").starts_with("rev="), "{answer:?}");
    assert_eq!(shop.role.get(RULES).await.expect(200).at("/data"), view);
    // What is not there has its default: nothing of the old rules stays.
    let answer = shop.set(json!({ "recipientMode": "any" })).await;
    assert_eq!((answer.at("/data/allowedActions"), answer.at("/data/rateLimit")), (json!([]), json!(0)));
    assert_eq!(shop.role.delete(RULES).await.expect(204).text, "");
    shop.role.delete(RULES).await.refused(404, "client rules of this session not found");
    let answer = shop.role.send("PUT", &format!("{RULES}?wait=none"), Some(allowing(""))).await;
    assert_eq!(answer.expect(202).at("/data/enabled"), true);
}

#[tokio::test]
async fn wrong_rules_are_refused_and_change_nothing() {
    let app = TestApp::start().await;
    let shop = Shop::with(&app, allowing("send_message")).await;
    for (more, text) in [
        (json!({ "recipientMode": null }), "missing required field: recipientMode"),
        (json!({ "recipientMode": "all" }), "recipientMode: must be any, conversation or allowlist"),
        (
            json!({ "allowedOrigins": "*" }),
            "allowedOrigins: \"*\" is no origin: leave the list empty to allow every origin",
        ),
        (json!({ "rateLimit": 10_000_001 }), "rateLimit: must be 0 to 10000000"),
        (json!({ "allowedRecipients": "1@c.us" }), "allowedRecipients: needs the recipientMode allowlist"),
    ] {
        shop.role.send("PUT", RULES, Some(with(allowing("send_typing"), &more))).await.refused(400, text);
    }
    for body in
        [json!({ "rateLimit": -1 }), json!({ "allowedActions": [1] }), json!({ "rules": 1 }), json!([])]
    {
        let answer = shop.role.send("PUT", RULES, Some(body.clone())).await.expect(400);
        assert!(answer.text_at("/error").len() > 10, "{body} {answer:?}");
    }
    let names = shop.role.get(RULES).await.expect(200);
    assert_eq!(names.at("/data/allowedActions"), json!(["send_message"]));
    for name in ["-a", "a%20b", "%C3%A9", &"a".repeat(65), "a%00"] {
        let path = format!("/api/sessions/{name}/client-rules");
        let answer = shop.role.send("PUT", &path, Some(allowing(""))).await.expect(400);
        assert!(answer.text_at("/error").starts_with("session: must begin"), "{name} {answer:?}");
    }
}

#[tokio::test]
async fn wrong_wishes_for_a_token_are_refused() {
    let app = TestApp::start().await;
    let shop = Shop::with(&app, json!({ "recipientMode": "conversation" })).await;
    let body = || json!({ "session": "default", "ephemeralId": "ada", "chatId": "1@c.us" });
    for (more, text) in [
        (json!({ "chatId": null }), "chatId: is required, because recipientMode is conversation"),
        (json!({ "session": null }), "missing required field: session"),
        (json!({ "ephemeralId": null }), "missing required field: ephemeralId"),
        (json!({ "ttlSeconds": 59 }), "ttlSeconds: must be 60 to 3600"),
        (json!({ "ttlSeconds": 3601 }), "ttlSeconds: must be 60 to 3600"),
        // The server behind the gateway shall not take a person for a user.
        (
            json!({ "ephemeralId": "usr_01jt5v3ge0fr1bvtamn4s9h4hw" }),
            "ephemeralId: must not begin with usr_ or key_, which are ids of Titan",
        ),
        (json!({ "chatId": "" }), "chatId: must have 1 to 128 visible ASCII characters without \" and \\"),
        (
            json!({ "ephemeralId": "a".repeat(129) }),
            "ephemeralId: must have 1 to 128 visible ASCII characters without \" and \\",
        ),
    ] {
        shop.role.post(TOKENS, with(body(), &more)).await.refused(400, text);
    }
    let other = with(body(), &json!({ "session": "support" }));
    shop.role.post(TOKENS, other).await.refused(404, "client rules of this session not found");
    let minted = shop.role.post(TOKENS, body()).await.expect(201);
    assert!(minted.text_at("/data/token").starts_with("titan_ct_"));
    assert!(minted.text_at("/data/id").starts_with("ct_"));
    assert_eq!(minted.header("cache-control"), "no-store");
}

#[tokio::test]
async fn rules_and_revocations_are_audited_and_no_token_is() {
    let app = TestApp::start().await;
    let shop = Shop::with(&app, allowing("send_message")).await;
    let minted = shop.mint("ada").await;
    let id = minted["id"].as_str().unwrap();
    shop.role.delete(&format!("{TOKENS}/{id}")).await.expect(204);
    shop.role.delete(RULES).await.expect(204);
    let rows = app.master().get("/admin/audit?limit=3").await.expect(200);
    for (place, action, subject) in [
        (0, "client_rules.delete", "default"),
        (1, "client_token.revoke", id),
        (2, "client_rules.put", "default"),
    ] {
        assert_eq!(rows.at(&format!("/data/{place}/action")), action);
        assert_eq!(rows.at(&format!("/data/{place}/subject")), subject);
        assert_eq!(rows.at(&format!("/data/{place}/actor")), shop.key.id);
    }
    assert!(!rows.text.contains("titan_ct_"));
}

#[tokio::test]
async fn a_tenant_has_only_so_much_room_for_rules() {
    let app = TestApp::start().await;
    let shop = Shop::of(&app, 1).await;
    let names: Vec<_> = (0..440).map(|n| format!("{n:0>128}")).collect();
    let long = json!({ "recipientMode": "allowlist", "allowedRecipients": names });
    let (mut count, text) = (0, "the rules of all sessions of a tenant have at most 4194304 bytes");
    let refused = loop {
        let path = format!("/api/sessions/s{count}/client-rules");
        let answer = shop.role.send("PUT", &format!("{path}?wait=none"), Some(long.clone())).await;
        if answer.status != 202 {
            break answer;
        }
        count += 1;
        assert!(count < 80);
    };
    refused.refused(409, text);
    assert!(count > 60, "{count}");
    // Shorter ones take the place of long ones, and another tenant has its own.
    shop.role.send("PUT", "/api/sessions/s0/client-rules", Some(allowing(""))).await.expect(200);
    shop.role.send("PUT", "/api/sessions/one/client-rules", Some(long.clone())).await.expect(200);
    let other = Shop::of(&app, app.tenant("other").await).await;
    other.role.send("PUT", RULES, Some(long)).await.expect(200);
}
