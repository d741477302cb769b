//! `/admin/signing-keys`

use crate::support::TestApp;
use serde_json::json;

#[tokio::test]
async fn a_retired_signing_key_takes_its_keys_along() {
    let app = TestApp::start().await;
    let old = app.key(&["*"]).await;
    app.master().delete("/admin/signing-keys/0").await.expect(409);
    let answer = app.master().send("POST", "/admin/signing-keys", None).await.expect(201);
    assert_eq!(answer.at("/data/slot"), json!(1));
    assert!(!answer.text.contains("secret"));
    let new = app.key(&["*"]).await;
    app.holder(&old).get("/api/sessions").await.expect(200);
    app.holder(&new).get("/api/sessions").await.expect(200);
    let answer = app.master().delete("/admin/signing-keys/0").await.expect(204);
    assert!(answer.header("titan-revocation").contains("applied=1"));
    app.holder(&old).get("/api/sessions").await.refused(401, "api key revoked");
    app.holder(&new).get("/api/sessions").await.expect(200);
    app.master().delete("/admin/signing-keys/0").await.expect(404);
    app.master().delete("/admin/signing-keys/16").await.expect(404);
    let list = app.master().get("/admin/signing-keys").await.expect(200);
    assert_eq!(list.at("/data").as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn sixteen_slots_and_no_more_while_their_keys_live() {
    let app = TestApp::start().await;
    app.key(&["*"]).await;
    for slot in 1..16 {
        let answer = app.master().send("POST", "/admin/signing-keys", None).await.expect(201);
        assert_eq!(answer.at("/data/slot"), json!(slot));
        app.key(&["*"]).await;
    }
    app.master().send("POST", "/admin/signing-keys", None).await.expect(409);
    app.clock.advance(31 * 86_400);
    let answer = app.master().send("POST", "/admin/signing-keys", None).await.expect(201);
    assert_eq!(answer.at("/data/slot"), json!(0), "its last key has expired");
}
