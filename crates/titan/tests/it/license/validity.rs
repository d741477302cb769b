//! What a license says, and what happens when it is over.

use super::{DAY, holder, license, licensed};
use crate::support::{Answer, TestApp};
use serde_json::json;
use titan::system::SystemClock;
use titan_core::time::{Clock, Timestamp};

const SESSIONS: &str = "/api/sessions";

#[tokio::test]
async fn without_a_license_nothing_is_limited() {
    let app = TestApp::start().await;
    let answer = app.master().get("/admin/license").await;
    assert_eq!((answer.status, answer.text_at("/error").as_str()), (404, "no license installed"));
    app.clock.advance(20 * 365 * DAY);
    assert_eq!(app.role(Some("titan_x")).get(SESSIONS).await.status, 401, "402 is for licenses");
}

/// The page's example, at a time at which it was good.
#[tokio::test]
async fn the_claims_are_answered_as_printed() {
    let claims = json!({
        "sessionLimit": 100,
        "platform": "any",
        "issuedAt": "2025-01-01T00:00:00Z",
        "expiresAt": "2026-01-01T00:00:00Z",
        "gracePeriodDays": 14,
        "awsAccountId": null,
    });
    let app = licensed(&license(|all| *all = claims.clone())).await;
    let at = Timestamp::parse("2025-06-01T00:00:00Z").unwrap();
    app.clock.advance(at.secs() - SystemClock.now().secs());
    let mut printed = claims;
    (printed["isExpired"], printed["isInGracePeriod"]) = (false.into(), false.into());
    assert_eq!(app.master().get("/admin/license").await.expect(200).json(), json!({ "data": printed }));
}

#[tokio::test]
async fn it_goes_from_valid_through_grace_to_its_end() {
    let app = licensed(&license(|_| {})).await;
    let holder = holder(&app).await;
    for (days, is_expired, is_in_grace, status) in [
        (0, false, false, 200),
        (9, false, false, 200),
        (2, true, true, 200),
        (3, true, true, 200),
        (2, true, false, 402),
    ] {
        app.clock.advance(days * DAY);
        let said = app.master().get("/admin/license").await.expect(200).at("/data");
        assert_eq!((&said["isExpired"], &said["isInGracePeriod"]), (&json!(is_expired), &json!(is_in_grace)));
        assert_eq!(holder.get(SESSIONS).await.status, status);
    }
}

#[tokio::test]
async fn past_its_end_the_edge_refuses_and_the_control_plane_goes_on() {
    let app = licensed(&license(|_| {})).await;
    let key = app.key(&["*"]).await;
    app.clock.advance(16 * DAY);
    let holder = app.holder(&key);
    let refused = holder.get(SESSIONS).await.refused(402, "license expired");
    assert_eq!(refused.text_at("/code"), "license_expired");
    app.master().post("/auth/verify", json!({ "key": key.text })).await.refused(402, "license expired");
    assert!(app.upstream.take().is_empty(), "nothing is forwarded");

    let ask = |endpoint, headers: [&str; 2]| {
        let request = holder.request("GET", endpoint).header(headers[0], "GET");
        request.header(headers[1], SESSIONS).send()
    };
    let nginx = ask("/auth/nginx", ["x-original-method", "x-original-url"]).await.unwrap();
    let nginx = Answer::read(nginx).await.expect(403);
    assert_eq!(nginx.header("x-titan-status"), "402", "nginx understands no 402");
    let caddy = ask("/auth/caddy", ["x-forwarded-method", "x-forwarded-uri"]).await.unwrap();
    Answer::read(caddy).await.refused(402, "license expired");

    app.master().get("/admin/keys").await.expect(200);
    app.master().get("/admin/license").await.expect(200);
    holder.get("/api/account/keys").await.expect(200);
    app.nobody().get("/health/live").await.expect(200);
}
