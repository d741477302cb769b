//! Limits at `/auth/verify`.

use super::{SESSIONS, limited, passing, set};
use crate::support::TestApp;
use crate::support::app::MadeKey;
use serde_json::{Value, json};

async fn verify(app: &TestApp, key: &MadeKey, more: Value) -> Value {
    let mut body = json!({ "key": key.text });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app.master().post("/auth/verify", body).await.expect(200).at("/data")
}

#[tokio::test]
async fn a_verification_counts_as_a_request() {
    let app = TestApp::start().await;
    let key = limited(&app, 3).await;
    let good = verify(&app, &key, json!({})).await;
    assert_eq!(
        (&good["code"], &good["rateLimit"]),
        (&json!("VALID"), &json!({ "limit": 3, "remaining": 2 }))
    );
    assert_eq!(passing(&app.holder(&key), SESSIONS, 5).await, 2);
    let bad = verify(&app, &key, json!({})).await;
    assert_eq!((&bad["code"], &bad["valid"]), (&json!("RATE_LIMITED"), &json!(false)));
    assert_eq!(bad["rateLimit"], json!({ "limit": 3, "remaining": 0 }));
    assert_eq!(bad["keyId"], json!(key.id), "it is the key's own trouble");
    let free = verify(&app, &app.key(&["*"]).await, json!({})).await;
    assert_eq!(free["rateLimit"], Value::Null);
}

#[tokio::test]
async fn one_request_may_cost_several() {
    let app = TestApp::start().await;
    let key = limited(&app, 10).await;
    assert_eq!(verify(&app, &key, json!({ "cost": 7 })).await["code"], "VALID");
    assert_eq!(verify(&app, &key, json!({ "cost": 4 })).await["code"], "RATE_LIMITED");
    assert_eq!(verify(&app, &key, json!({ "cost": 3 })).await["code"], "VALID");
    for bad in [0, 1_000_001] {
        let body = json!({ "key": key.text, "cost": bad });
        app.master().post("/auth/verify", body).await.refused(400, "cost: must be 1 to 1000000");
    }
}

#[tokio::test]
async fn a_route_that_sends_messages_counts_as_one() {
    let app = TestApp::start().await;
    set(&app.master(), json!({ "msgRateLimit": 1 })).await;
    let key = app.key(&["*"]).await;
    let send = json!({ "method": "POST", "path": super::SEND });
    let read = json!({ "method": "GET", "path": SESSIONS });
    assert_eq!(verify(&app, &key, send.clone()).await["code"], "VALID");
    assert_eq!(verify(&app, &key, send).await["code"], "RATE_LIMITED");
    assert_eq!(verify(&app, &key, read).await["code"], "VALID");
}

#[tokio::test]
async fn a_key_that_is_refused_costs_nothing() {
    let app = TestApp::start().await;
    let key = limited(&app, 1).await;
    for _ in 0..3 {
        let lacking = json!({ "method": "GET", "path": "/no/such/route" });
        assert_eq!(verify(&app, &key, lacking).await["code"], "INSUFFICIENT_SCOPE");
    }
    assert_eq!(verify(&app, &key, json!({})).await["code"], "VALID");
}
