//! A proxy asks: nobody sees the answer of the server behind it, and anybody with a key can ask.

use super::{counted, holder, license, licensed, limited, open};
use crate::support::{Answer, Role};

async fn ask(role: &Role, method: &str, path: &str) -> Answer {
    let request = role.request("GET", "/auth/caddy").header("x-forwarded-method", method);
    Answer::read(request.header("x-forwarded-uri", path).send().await.unwrap()).await
}

#[tokio::test]
async fn nobody_opens_or_closes_a_session_by_asking() {
    let app = licensed(&limited(1)).await;
    let holder = holder(&app).await;
    open(&holder, "a", "").await.expect(200);
    for (method, path) in [
        ("POST", "/api/sessions/a/stop"),
        ("DELETE", "/api/sessions/a"),
        ("POST", "/api/sessions/b/start"),
        ("POST", "/api/sessions"),
    ] {
        let refused = ask(&holder, method, path).await.expect(403);
        assert!(refused.text_at("/error").contains("must go through the gateway"), "{refused:?}");
    }
    assert_eq!(counted(&app).await, ["a"]);
    ask(&holder, "GET", "/api/sessions/a").await.expect(200);
}

#[tokio::test]
async fn without_a_limit_a_proxy_may_ask_about_all_routes() {
    let app = licensed(&license(|_| {})).await;
    ask(&holder(&app).await, "POST", "/api/sessions/a/start").await.expect(200);
}
