//! Limits, and those who fail often.

use super::{SESSIONS, scrape, scrape_until};
use crate::support::TestApp;
use crate::support::app::MadeKey;
use serde_json::json;

#[tokio::test]
async fn each_limit_counts_its_refusals() {
    let app = TestApp::with(|config| (config.rate_limit, config.msg_rate_limit) = (4, 1)).await;
    let body = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["*"], "rateLimit": 1 });
    let limited = MadeKey::of(&app.master().post("/admin/keys", body).await.expect(201));
    let (limited, free) = (app.holder(&limited), app.holder(&app.key(&["*"]).await));
    limited.get(SESSIONS).await.expect(200);
    limited.get(SESSIONS).await.expect(429);
    let message = json!({ "chatId": "1@c.us", "text": "hello" });
    free.post("/api/sessions/default/messages/send", message.clone()).await.expect(200);
    free.post("/api/sessions/default/messages/send", message).await.expect(429);
    for status in [200, 200, 429] {
        free.get(SESSIONS).await.expect(status);
    }
    let now = scrape(&app).await;
    for limit in ["global", "key", "message"] {
        assert_eq!(now.get(&format!("titan_limit_refusals_total{{limit=\"{limit}\"}}")), 1.0, "{limit}");
    }
    let refused = "titan_verdicts_total{part=\"gateway\",credential=\"api_key\",reason=\"rate_limited\"}";
    assert_eq!(now.get(refused), 3.0);
    assert!(now.get("titan_limit_loans_total{result=\"lent\"}") >= 3.0);
    assert!(now.get("titan_limit_loans_total{result=\"refused\"}") >= 1.0);
    assert_eq!(now.get("titan_limit_loans_total{result=\"failed\"}"), 0.0);
}

#[tokio::test]
async fn whoever_fails_often_is_seen_to_wait() {
    let app = TestApp::with(|config| config.failed_attempts = 1).await;
    app.nobody().get(SESSIONS).await.expect(401);
    assert_eq!(scrape(&app).await.get("titan_failed_attempts_delayed_total"), 0.0);
    let nobody = app.nobody();
    let waiting = tokio::spawn(async move { nobody.get(SESSIONS).await.expect(401) });
    scrape_until(&app, |now| now.get("titan_failed_attempts_waiting") == 1.0).await;
    waiting.await.unwrap();
    let after = scrape(&app).await;
    assert_eq!(after.get("titan_failed_attempts_delayed_total"), 1.0);
    assert_eq!(after.get("titan_failed_attempts_waiting"), 0.0);
}
