//! What the holder of an imported key sees, until it has another one.

use super::{FOREIGN, LEGACY, PATH, SESSIONS, imported};
use crate::support::{Answer, TestApp};
use serde_json::json;

const LINK: &str = "https://api.example/keys";

async fn app() -> TestApp {
    TestApp::with(|config| config.legacy_keys_url = Some(LINK.to_owned())).await
}

#[tokio::test]
async fn every_answer_says_that_the_key_is_deprecated() {
    let app = app().await;
    for text in [LEGACY, FOREIGN, "whm_0123456789abcdef0123456789abcdef"] {
        let key = imported(&app, text).await;
        let answer = app.holder(&key).get(SESSIONS).await.expect(200);
        assert!(answer.header("deprecation").starts_with('@'), "{answer:?}");
        assert_eq!(answer.header("sunset"), "Thu, 01 Jan 2099 00:00:00 GMT");
        assert_eq!(answer.header("link"), format!("<{LINK}>; rel=\"deprecation\""));
        let seen = app.upstream.take();
        assert!(!seen[0].to_string().contains(text), "the upstream does not get the key");
        assert!(seen[0].to_string().contains(&key.id), "but who it is");
        let request = app.holder(&key).request("GET", "/auth/caddy").header("x-forwarded-method", "GET");
        let asked = Answer::read(request.header("x-forwarded-uri", SESSIONS).send().await.unwrap()).await;
        assert_eq!(asked.expect(200).header("link"), format!("<{LINK}>; rel=\"deprecation\""));
    }
}

#[tokio::test]
async fn a_key_of_ours_has_no_such_link_even_in_its_overlap() {
    let app = app().await;
    let key = app.key(&["*"]).await;
    assert!(!app.holder(&key).get(SESSIONS).await.expect(200).headers.contains_key("deprecation"));
    let path = format!("/admin/keys/{}/rotate", key.id);
    app.master().post(&path, json!({ "overlapSeconds": 60 })).await.expect(200);
    let answer = app.holder(&key).get(SESSIONS).await.expect(200);
    assert!(answer.headers.contains_key("deprecation") && !answer.headers.contains_key("link"), "{answer:?}");
}

#[tokio::test]
async fn it_verifies_and_is_introspected_like_any_key() {
    let app = app().await;
    let key = imported(&app, FOREIGN).await;
    let said = app.verify(FOREIGN).await;
    assert_eq!(
        (&said["valid"], &said["keyId"], &said["label"]),
        (&json!(true), &json!(key.id), &json!("old"))
    );
    assert_eq!(said["scopes"], json!(["sessions:read"]));
    let introspect = app.master().request("POST", "/oauth2/introspect").form(&[("token", FOREIGN)]);
    let said = Answer::read(introspect.send().await.unwrap()).await.expect(200);
    assert_eq!(said.at("/active"), json!(true), "{said:?}");
}

#[tokio::test]
async fn its_holder_replaces_it_by_a_key_of_ours() {
    let app = app().await;
    let key = imported(&app, LEGACY).await;
    let path = format!("/api/account/keys/{}/rotate", key.id);
    let answer = app.holder(&key).post(&path, json!({})).await.expect(200);
    let new = answer.text_at("/data/key");
    assert!(new.starts_with("titan_A") && new.len() == 104, "{new}");
    assert_eq!(answer.at("/data/scopes"), json!(["sessions:read"]));
    app.role(Some(&new)).get(SESSIONS).await.expect(200);
    app.holder(&key).get(SESSIONS).await.refused(401, "api key revoked");
    assert_eq!(app.master().get(PATH).await.expect(200).at("/data"), json!([]), "nobody is left to be told");
}

#[tokio::test]
async fn whoever_holds_it_can_end_it() {
    let app = app().await;
    let key = imported(&app, FOREIGN).await;
    let revoke = app.nobody().request("POST", "/oauth2/revoke").form(&[("token", FOREIGN)]);
    Answer::read(revoke.send().await.unwrap()).await.expect(200);
    app.holder(&key).get(SESSIONS).await.refused(401, "api key revoked");
}

#[tokio::test]
async fn its_use_is_seen() {
    let app = app().await;
    let key = imported(&app, FOREIGN).await;
    app.holder(&key).get(SESSIONS).await.expect(200);
    let began = std::time::Instant::now();
    loop {
        let list = app.master().get(PATH).await.expect(200).at("/data");
        if list[0]["lastUsedAt"].is_string() {
            break;
        }
        assert!(began.elapsed().as_secs() < 30, "{list}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
