//! The surface as its page prints it.

use super::{KEYS, assert_refused, make, status, whatomate, with_key};
use crate::support::Answer;
use crate::support::upstream::header;
use serde_json::{Value, json};

fn members(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn a_key_is_made_listed_and_deleted_as_the_page_prints() {
    let app = whatomate().await;
    let ada = app.person("ada@example.com", "admin").await;
    let body = json!({ "name": "Production Integration", "expires_at": "2099-12-31T23:59:59Z" });
    let made = app.as_person(&ada).post(KEYS, body).await.expect(200);
    assert_eq!(made.header("cache-control"), "no-store");
    let made = made.json();
    assert_eq!(made["status"], json!("success"));
    let data = &made["data"];
    let mut printed = ["id", "name", "key", "key_prefix", "expires_at", "created_at"];
    printed.sort_unstable();
    assert_eq!(members(data), printed);
    let key = data["key"].as_str().unwrap();
    let digits = key.strip_prefix("whm_").unwrap();
    assert!(digits.len() == 32 && digits.bytes().all(|c| b"0123456789abcdef".contains(&c)), "{key}");
    assert_eq!(data["key_prefix"], json!(digits[..8]));
    assert_eq!(data["expires_at"], json!("2099-12-31T23:59:59Z"));
    let id = data["id"].as_str().unwrap();

    let list = with_key(&app, key, "GET", KEYS, None).await.expect(200).json();
    let first = &list["data"][0];
    let mut printed = ["id", "name", "key_prefix", "expires_at", "is_active", "created_at"];
    printed.sort_unstable();
    assert_eq!(members(first), printed, "last_used_at is left out until there is one");
    assert_eq!((&first["id"], &first["is_active"]), (&json!(id), &json!(true)));
    assert!(!list.to_string().contains(&digits[8..]), "{list}");

    let path = format!("{KEYS}/{id}");
    let deleted = with_key(&app, key, "DELETE", &path, None).await.expect(200);
    let body = json!({ "status": "success", "data": { "message": "API key deleted successfully" } });
    assert_eq!(deleted.json(), body);
    assert!(deleted.header("titan-revocation").starts_with("rev="), "{deleted:?}");
    assert_refused(&with_key(&app, key, "GET", KEYS, None).await, 401, "invalid api key");
    let again = app.as_person(&ada).send("DELETE", &path, None).await;
    assert_refused(&again, 404, "API key not found");
}

#[tokio::test]
async fn a_key_opens_the_api_in_either_header_and_says_who_it_is() {
    let app = whatomate().await;
    let ada = app.person("ada@example.com", "admin").await;
    let key = make(&app, &ada).await;
    let answer = with_key(&app, &key.text, "GET", "/api/templates", None).await.expect(200);
    let said = answer.json();
    let header = |name: &str| header(&said, name);
    assert_eq!(header("x-titan-subject"), [ada.id.as_str()]);
    assert_eq!((header("x-titan-tenant"), header("x-titan-scopes")), (vec!["1".into()], vec!["*".into()]));
    assert!(header("x-titan-key-id")[0].starts_with("key_"), "{said}");
    assert!(header("x-api-key").is_empty() && header("authorization").is_empty(), "{said}");
    app.holder(&key).get("/api/templates").await.expect(200);
    let verified = app.verify(&key.text).await;
    assert_eq!((&verified["code"], &verified["scopes"]), (&json!("VALID"), &json!(["*"])), "{verified}");
    assert_eq!(verified["expiresAt"], json!(null));
}

#[tokio::test]
async fn a_list_is_an_array_and_a_page_is_an_object() {
    let app = whatomate().await;
    let ada = app.person("ada@example.com", "owner").await;
    for n in 0..5 {
        app.as_person(&ada).post(KEYS, json!({ "name": format!("Key {n} 100%") })).await.expect(200);
    }
    let get = async |query: &str| app.as_person(&ada).get(&format!("{KEYS}{query}")).await.expect(200);
    let names = |answer: &Answer, at: &str| -> Vec<String> {
        let keys = answer.at(at);
        keys.as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect()
    };
    let all = get("").await;
    assert_eq!(names(&all, "/data").len(), 5);
    assert_eq!(names(&all, "/data")[0], "Key 4 100%", "the newest first");
    let page = get("?page=2&limit=2").await;
    assert_eq!(names(&page, "/data/api_keys"), ["Key 2 100%", "Key 1 100%"]);
    let (total, number, limit) = (page.at("/data/total"), page.at("/data/page"), page.at("/data/limit"));
    assert_eq!((total, number, limit), (json!(5), json!(2), json!(2)));
    for (query, found) in
        [("?search=key%203", 1), ("?search=100%25", 5), ("?search=_", 0), ("?search=", 5), ("?page=9", 0)]
    {
        assert_eq!(names(&get(query).await, "/data/api_keys").len(), found, "{query}");
    }
    let lead = all.text_at("/data/2/key_prefix");
    assert_eq!(names(&get(&format!("?search={lead}")).await, "/data/api_keys"), ["Key 2 100%"]);
    for query in ["?limit=0", "?limit=101", "?limit=x", "?page=0&limit=-1"] {
        let page = get(query).await;
        assert_eq!((page.at("/data/page"), page.at("/data/limit")), (json!(1), json!(50)), "{query}");
    }
}

#[tokio::test]
async fn a_key_is_switched_off_and_on() {
    let app = whatomate().await;
    let ada = app.person("ada@example.com", "admin").await;
    let key = make(&app, &ada).await;
    let path = format!("{KEYS}/{}", key.id);
    let put = async |body: Value| app.as_person(&ada).send("PUT", &path, Some(body)).await.expect(200);
    let off = put(json!({ "is_active": false })).await;
    assert_eq!(off.at("/data/is_active"), json!(false));
    assert_eq!(status(&app, &key).await, 401);
    assert_eq!(put(json!({})).await.at("/data/is_active"), json!(false), "nothing changes");
    put(json!({ "is_active": true })).await;
    assert_eq!(status(&app, &key).await, 200);
    let one = app.as_person(&ada).get(&path).await.expect(200);
    assert_eq!(one.at("/data/id"), json!(key.id));
}

#[tokio::test]
async fn a_key_expires_and_its_use_is_shown() {
    let app = whatomate().await;
    let ada = app.person("ada@example.com", "admin").await;
    let end = titan_core::time::Clock::now(&*app.clock).plus_secs(100).whole_seconds().to_string();
    let body = json!({ "name": "short", "expires_at": end });
    let answer = app.as_person(&ada).post(KEYS, body).await.expect(200);
    let text = answer.text_at("/data/key");
    with_key(&app, &text, "GET", "/api/contacts", None).await.expect(200);
    let path = format!("{KEYS}/{}", answer.text_at("/data/id"));
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while app.as_person(&ada).get(&path).await.json()["data"]["last_used_at"].is_null() {
        assert!(std::time::Instant::now() < deadline, "a use is shown within a minute");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    app.clock.advance(100);
    let expired = with_key(&app, &text, "GET", "/api/contacts", None).await;
    assert_refused(&expired, 401, "api key expired");
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let app = whatomate().await;
    let ada = app.person("ada@example.com", "admin").await;
    for (body, message) in [
        (json!({}), "Name is required"),
        (json!({ "name": "" }), "Name is required"),
        (json!({ "name": "x", "expires_at": "tomorrow" }), "Invalid expires_at format. Use RFC3339 format"),
        (json!({ "name": "x", "expires_at": "2020-01-01T00:00:00Z" }), "expires_at must be in the future"),
        (json!({ "name": "a\nb" }), "Name must have at most 255 characters and no control characters"),
    ] {
        assert_refused(&app.as_person(&ada).post(KEYS, body).await, 400, message);
    }
    app.as_person(&ada).post(KEYS, json!({ "name": "x", "expires_at": "" })).await.expect(200);
    app.as_person(&ada).post(KEYS, json!({ "name": "x", "expires_at": null })).await.expect(200);
    let unknown = app.as_person(&ada).post(KEYS, json!({ "name": "x", "scopes": [] })).await.expect(400);
    assert!(unknown.text_at("/message").contains("unknown field"), "{unknown:?}");
    for (method, body) in [("GET", None), ("PUT", Some(json!({}))), ("DELETE", None)] {
        let nobody = format!("{KEYS}/01920a0b-0c0d-7e0f-8011-121314151617");
        assert_refused(
            &app.as_person(&ada).send(method, &nobody, body.clone()).await,
            404,
            "API key not found",
        );
        let bad = app.as_person(&ada).send(method, &format!("{KEYS}/x"), body).await;
        assert_refused(&bad, 400, "Invalid API key ID");
    }
    app.as_person(&ada).send("PATCH", KEYS, None).await.expect(405);
}
