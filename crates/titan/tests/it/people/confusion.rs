//! No credential is taken for another kind.

use super::platform;
use serde_json::json;

#[tokio::test]
async fn no_credential_is_taken_for_another() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "owner").await;
    let key = app.key(&["*"]).await;
    let client_token = format!("titan_ct_{}", ada.token);
    for (text, what) in [(&ada.refresh_token, "refresh token"), (&client_token, "client token")] {
        let role = app.role(Some(text));
        for path in ["/api/v1/tasks", "/api/v1/auth/session", "/api/account/keys", "/admin/keys"] {
            role.get(path).await.expect(401);
        }
        app.refresh(&client_token).await.expect(401);
        assert_eq!(
            app.code(&crate::support::app::MadeKey { id: what.to_owned(), text: text.clone() }).await,
            "MALFORMED"
        );
    }
    // A JWT is no key, and not the master key.
    let person = app.as_person(&ada);
    person.get("/api/account/keys").await.refused(403, "api key required");
    person.get("/admin/keys").await.refused(403, "master key required");
    person.post("/auth/verify", json!({ "key": key.text })).await.refused(403, "api key required");
    app.refresh(&ada.token).await.expect(401);
    // A key, and the master key, are no JWT.
    for role in [app.holder(&key), app.master()] {
        let answer = role.get("/api/v1/auth/session").await.expect(403);
        assert!(answer.text.contains("a JWT is required here"), "{answer:?}");
    }
    app.refresh(&key.text).await.expect(401);
    let both = app.as_person(&ada).request("GET", "/api/v1/tasks").header("x-api-key", &key.text);
    assert_eq!(both.send().await.unwrap().status(), 401, "two credentials that disagree");
}
