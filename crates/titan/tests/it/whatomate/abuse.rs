//! What must not open, and what must not be told.

use super::{KEYS, assert_refused, make, whatomate, with_key};
use crate::support::Answer;
use serde_json::json;

#[tokio::test]
async fn what_is_no_key_of_ours_is_refused() {
    let app = whatomate().await;
    let ada = app.person("ada@example.com", "admin").await;
    let key = make(&app, &ada).await.text;
    let digits = &key[4..];
    let last = if key.ends_with('0') { '1' } else { '0' };
    let other = format!("{}{last}", &key[..35]);
    for (text, message) in [
        (other.as_str(), "invalid api key"),
        (&format!("whm_{}", "0".repeat(32)), "invalid api key"),
        (&format!("whm_{}", digits.to_uppercase()), "malformed api key"),
        (&key[..35], "malformed api key"),
        (&format!("{key}0"), "malformed api key"),
        (digits, "malformed api key"),
        (&format!("WHM_{digits}"), "malformed api key"),
        ("whm_a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6", "malformed api key"),
    ] {
        for path in [KEYS, "/api/contacts"] {
            assert_refused(&with_key(&app, text, "GET", path, None).await, 401, message);
        }
    }
    with_key(&app, &key, "GET", KEYS, None).await.expect(200);
    assert_refused(&app.nobody().get(KEYS).await, 401, "missing api key");
}

/// On its own surface, the key decides alone.
#[tokio::test]
async fn a_key_in_its_header_comes_before_a_jwt() {
    let app = whatomate().await;
    let ada = app.person("ada@example.com", "admin").await;
    let key = make(&app, &ada).await.text;
    let both = async |key: &str, bearer: &str, path: &str| {
        let request = app.role(Some(bearer)).request("GET", path).header("x-api-key", key);
        Answer::read(request.send().await.unwrap()).await
    };
    let bad = format!("whm_{}", "0".repeat(32));
    assert_refused(&both(&bad, &ada.token, KEYS).await, 401, "invalid api key");
    both(&key, "nonsense", KEYS).await.expect(200);
    both("", &ada.token, KEYS).await.expect(200);
    // In front of the API, two credentials that differ are refused.
    assert_refused(&both(&key, &ada.token, "/api/contacts").await, 401, "conflicting credentials");
    let twice = app.nobody().request("GET", KEYS).header("x-api-key", &key).header("x-api-key", &key);
    assert_refused(&Answer::read(twice.send().await.unwrap()).await, 401, "conflicting credentials");
}

#[tokio::test]
async fn other_credentials_do_not_open_this_surface_nor_this_key_others() {
    let app = whatomate().await;
    let ada = app.person("ada@example.com", "owner").await;
    let key = make(&app, &ada).await;
    let needed = "a key of this API (whm_…) or a JWT is required here";
    let standard = app.key(&["*"]).await;
    assert_refused(&with_key(&app, &standard.text, "GET", KEYS, None).await, 403, needed);
    assert_refused(&app.master().get(KEYS).await, 403, needed);
    let body = json!({ "name": "x", "scopes": ["*"] });
    let platform = app.as_person(&ada).post("/api/v1/api-keys", body).await.expect(201).text_at("/key");
    assert_refused(&with_key(&app, &platform, "GET", KEYS, None).await, 403, needed);
    assert_refused(&app.role(Some(&ada.refresh_token)).get(KEYS).await, 401, "malformed api key");
    for path in
        ["/admin/keys", "/api/account/keys", "/api/v1/auth/session", "/api/v1/api-keys", "/api/v1/members"]
    {
        app.holder(&key).get(path).await.expect(403);
    }
    let question = json!({ "key": standard.text });
    app.holder(&key).post("/auth/verify", question).await.expect(403);
}

#[tokio::test]
async fn two_tenants_do_not_see_each_other_s_keys() {
    let app = whatomate().await;
    let ada = app.person("ada@example.com", "owner").await;
    let tenant = app.tenant("other").await;
    app.user_of(tenant, "mal@example.com", "owner").await;
    let mal = app.sign_in(String::new(), "mal@example.com").await;
    let (key, other) = (make(&app, &ada).await, make(&app, &mal).await);
    let path = format!("{KEYS}/{}", key.id);
    for (method, body) in [("GET", None), ("PUT", Some(json!({ "is_active": false }))), ("DELETE", None)] {
        assert_refused(
            &app.as_person(&mal).send(method, &path, body.clone()).await,
            404,
            "API key not found",
        );
        assert_refused(&with_key(&app, &other.text, method, &path, body).await, 404, "API key not found");
    }
    let list = with_key(&app, &other.text, "GET", KEYS, None).await.expect(200);
    assert_eq!(list.at("/data").as_array().unwrap().len(), 1);
    with_key(&app, &key.text, "GET", KEYS, None).await.expect(200);
    // A verifier of another tenant is told nothing.
    let verifier = app.key_of(tenant, &["keys:verify"]).await;
    let answer = app.holder(&verifier).post("/auth/verify", json!({ "key": key.text })).await.expect(200);
    assert_eq!((answer.at("/data/code"), answer.at("/data/keyId")), (json!("INVALID"), json!(null)));
}

#[tokio::test]
async fn the_key_is_nowhere_but_in_its_answer() {
    let mut app = whatomate().await;
    let ada = app.person("ada@example.com", "admin").await;
    let key = make(&app, &ada).await.text;
    with_key(&app, &key, "GET", "/api/contacts", None).await.expect(200);
    app.stop().await;
    if crate::support::database::is_postgres() {
        return;
    }
    let path = app.database_url.trim_start_matches("sqlite://");
    let mut file = std::fs::read(path).unwrap();
    file.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
    let has = |text: &str| file.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(has("Production Integration") && !has(&key) && !has(&key[4..]));
}
