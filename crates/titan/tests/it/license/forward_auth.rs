//! A proxy asks: nobody sees the answer of the server behind it.

use super::{counted, holder, licensed, limited};
use crate::support::{Answer, Role};

async fn ask(role: &Role, method: &str, path: &str) -> Answer {
    let request = role.request("GET", "/auth/caddy").header("x-forwarded-method", method);
    Answer::read(request.header("x-forwarded-uri", path).send().await.unwrap()).await
}

#[tokio::test]
async fn a_session_in_the_path_counts_when_the_proxy_asks() {
    let app = licensed(&limited(1)).await;
    let holder = holder(&app).await;
    ask(&holder, "POST", "/api/sessions/a/start").await.expect(200);
    assert_eq!(counted(&app).await, ["a"]);
    ask(&holder, "POST", "/api/sessions/b/start").await.refused(403, "session limit reached: 1");
    ask(&holder, "POST", "/api/sessions/a/stop").await.expect(200);
    ask(&holder, "POST", "/api/sessions/b/start").await.expect(200);
    assert_eq!(counted(&app).await, ["b"]);
}

#[tokio::test]
async fn a_session_in_the_body_is_refused_because_nobody_sees_it() {
    let app = licensed(&limited(9)).await;
    let refused = ask(&holder(&app).await, "POST", "/api/sessions").await.expect(403);
    assert!(refused.text_at("/error").contains("must go through the gateway"), "{refused:?}");
}
