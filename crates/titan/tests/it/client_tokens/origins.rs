//! Pages of other origins: preflights, what an answer allows, and that credentials never are (Fetch standard, 3.2).

use super::{CHAT, SEND, Shop, TYPING, allowing, message, with};
use crate::support::{Answer, Role, TestApp};
use serde_json::json;

const SHOP: &str = "https://shop.example";

async fn shop(app: &TestApp) -> Shop {
    let rules = with(
        allowing("send_message,send_typing"),
        &json!({ "allowedOrigins": [SHOP, "http://localhost:3000"] }),
    );
    Shop::with(app, rules).await
}

/// A request of a page of this origin.
async fn from(page: &Role, origin: &str, method: &str, path: &str) -> Answer {
    let request = page.request(method, path).header("origin", origin).json(&message(CHAT));
    Answer::read(request.send().await.unwrap()).await
}

async fn preflight(app: &TestApp, origin: &str, method: &str, path: &str) -> Answer {
    let request = app.nobody().request("OPTIONS", path).header("origin", origin);
    let request = request
        .header("access-control-request-method", method)
        .header("access-control-request-headers", "authorization,content-type");
    Answer::read(request.send().await.unwrap()).await
}

fn vary(answer: &Answer) -> Vec<String> {
    let values = answer.headers.get_all("vary").iter().flat_map(|value| value.to_str().unwrap().split(','));
    values.map(|name| name.trim().to_ascii_lowercase()).collect()
}

#[track_caller]
fn assert_unreadable(answer: &Answer) {
    let cors = answer.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
    assert_eq!(cors, None, "{answer:?}");
    assert!(vary(answer).contains(&"origin".to_owned()), "{answer:?}");
}

#[tokio::test]
async fn only_pages_of_an_allowed_origin_may_ask() {
    let app = TestApp::start().await;
    let page = shop(&app).await.page(&app, "ada").await;
    for origin in [SHOP, "http://localhost:3000"] {
        let answer = from(&page, origin, "POST", SEND).await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), origin);
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        assert_eq!(vary(&answer), ["origin"]);
    }
    for origin in [
        "https://evil.example",
        "https://shop.example.evil",
        "http://shop.example",
        "https://shop.example:8443",
        "null",
        "",
    ] {
        let answer = from(&page, origin, "POST", SEND).await.refused(403, "origin not allowed");
        assert_unreadable(&answer);
    }
    // A page always says where it comes from; what does not say it is no page.
    let answer = page.post(SEND, message(CHAT)).await.refused(403, "origin not allowed");
    assert_eq!(answer.text_at("/code"), "origin_not_allowed");
    let two = page.request("POST", SEND).header("origin", SHOP).header("origin", "https://evil.example");
    let two = Answer::read(two.json(&message(CHAT)).send().await.unwrap()).await;
    assert_unreadable(&two.refused(403, "origin not allowed"));
    assert_eq!(app.upstream.take().len(), 2);
}

#[tokio::test]
async fn a_page_can_read_why_it_is_refused() {
    let app = TestApp::start().await;
    let shop = shop(&app).await;
    let minted = shop.mint("ada").await;
    let page = app.role(minted["token"].as_str());
    for (path, text) in [
        ("/api/sessions/default/messages/react", "action not allowed: send_reaction"),
        ("/api/sessions/default/messages/delete", "route not allowed"),
        ("/api/sessions/other/messages/typing", "session not allowed"),
    ] {
        let answer = from(&page, SHOP, "POST", path).await.refused(403, text);
        assert_eq!(answer.header("access-control-allow-origin"), SHOP);
        assert_unreadable(&from(&page, "https://evil.example", "POST", path).await.expect(403));
    }
    let id = minted["id"].as_str().unwrap();
    shop.role.delete(&format!("{}/{id}", super::TOKENS)).await.expect(204);
    let answer = from(&page, SHOP, "POST", TYPING).await.refused(401, "token revoked");
    assert_eq!(answer.header("access-control-allow-origin"), SHOP);
    // Nobody knows whose rules would apply.
    let answer =
        from(&app.role(Some("titan_ct_x.y.z")), SHOP, "POST", TYPING).await.refused(401, "invalid token");
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert_eq!(answer.header("vary"), "");
}

#[tokio::test]
async fn what_the_server_says_of_cors_does_not_reach_the_page() {
    let app = TestApp::start().await;
    let page = Shop::with(&app, allowing("send_typing")).await.page(&app, "ada").await;
    // Without a list, every origin may ask.
    let answer = from(&page, "https://any.example", "POST", TYPING).await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), "https://any.example");
    assert_eq!(
        answer.header("access-control-expose-headers"),
        "Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-Request-Id"
    );
    let answer = page.post(TYPING, message(CHAT)).await.expect(200);
    assert_unreadable(&answer);
    let path = format!("{TYPING}?cors");
    let answer = from(&page, "https://any.example", "POST", &path).await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), "https://any.example");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    assert!(answer.header("access-control-expose-headers").starts_with("Retry-After"));
    assert_eq!(vary(&answer), ["accept-encoding", "origin"], "what it says of caches stays");
    // To a key, it says what it says.
    let answer = app.holder(&app.key(&["*"]).await).post(&path, message(CHAT)).await.expect(200);
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
}

#[tokio::test]
async fn a_preflight_is_answered_for_allowed_origins_alone() {
    let app = TestApp::start().await;
    shop(&app).await;
    let answer = preflight(&app, SHOP, "POST", SEND).await.expect(204);
    for (name, value) in [
        ("access-control-allow-origin", SHOP),
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-headers", "authorization,content-type"),
        ("access-control-max-age", "600"),
        ("access-control-allow-credentials", ""),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    let all = ["origin", "access-control-request-method", "access-control-request-headers"];
    assert_eq!(vary(&answer), all);
    let refused =
        preflight(&app, "https://evil.example", "POST", SEND).await.refused(403, "origin not allowed");
    assert_unreadable(&refused);
    // The session is in the body: any session of this origin will do.
    preflight(&app, SHOP, "POST", "/api/messages/send").await.expect(204);
    preflight(&app, "https://evil.example", "POST", "/api/messages/send").await.expect(403);
    // Rules of another session say nothing of this one.
    preflight(&app, SHOP, "POST", "/api/sessions/other/messages/send").await.expect(403);
    assert_eq!(app.upstream.take().len(), 0);
}

#[tokio::test]
async fn a_preflight_follows_the_rules() {
    let app = TestApp::start().await;
    let shop = shop(&app).await;
    // A page shall see that tokens are off.
    shop.set(with(allowing(""), &json!({ "enabled": false, "allowedOrigins": SHOP }))).await;
    preflight(&app, SHOP, "POST", SEND).await.expect(204);
    preflight(&app, "http://localhost:3000", "POST", SEND).await.expect(403);
    shop.set(allowing("")).await;
    preflight(&app, "https://evil.example", "POST", SEND).await.expect(204);
    let tenant = app.tenant("other").await;
    let other = Shop::of(&app, tenant).await;
    other.set(with(allowing(""), &json!({ "allowedOrigins": SHOP }))).await;
    shop.role.delete(super::RULES).await.expect(204);
    preflight(&app, "https://evil.example", "POST", SEND).await.expect(403);
    preflight(&app, SHOP, "POST", SEND).await.expect(204);
    other.role.delete(super::RULES).await.expect(204);
    preflight(&app, SHOP, "POST", SEND).await.expect(403);
}

#[tokio::test]
async fn other_questions_are_no_preflights() {
    let app = TestApp::start().await;
    let key = shop(&app).await.key;
    // No token can reach these.
    preflight(&app, SHOP, "GET", "/api/sessions").await.refused(401, "missing api key");
    preflight(&app, SHOP, "DELETE", SEND).await.refused(401, "missing api key");
    let options = app.nobody().request("OPTIONS", SEND).header("origin", SHOP);
    assert_eq!(options.send().await.unwrap().status().as_u16(), 401);
    // The answers to keys are not changed.
    let answer = from(&app.holder(&app.key(&["*"]).await), SHOP, "POST", SEND).await.expect(200);
    assert_eq!((answer.header("access-control-allow-origin"), answer.header("vary")), ("", ""));
    drop(key);
}
