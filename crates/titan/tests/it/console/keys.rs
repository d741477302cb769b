//! Keys in the console.

use super::location;
use crate::support::TestApp;
use crate::support::app::MASTER_KEY;
use crate::support::browser::{Browser, hidden};
use serde_json::json;
use std::time::Duration;

const LABEL: &str = "<script>alert(1)</script>\"'&";
const ESCAPED: &str = "&#60;script&#62;alert(1)&#60;/script&#62;&#34;&#39;&#38;";

/// The text of a key on the page that shows it this once.
fn shown(html: &str) -> String {
    let (_, rest) = html.split_once("<output id=\"secret\">").unwrap_or_else(|| panic!("{html}"));
    rest.split('<').next().unwrap().to_owned()
}

async fn create(browser: &mut Browser, label: &str) -> (String, String) {
    let page = browser.get("/console/keys/new").await.expect(200);
    let request = hidden(&page.text, "request").unwrap();
    let fields = [
        ("request", request.as_str()),
        ("label", label),
        ("lifetime_days", "7"),
        ("tenant_id", "1"),
        ("scopes", "sessions:read"),
    ];
    let page = browser.post("/console/keys", &fields).await.expect(200);
    let (_, rest) = page.text.split_once("href=\"/console/keys/key_").unwrap();
    (format!("key_{}", &rest[..26]), shown(&page.text))
}

/// The page to which a change leads, once its receipt has come in.
async fn with_receipt(browser: &mut Browser, path: &str) -> String {
    for _ in 0..200 {
        let page = browser.get(path).await.expect(200);
        if page.text.contains("class=\"receipt done\"") {
            return page.text;
        }
        assert!(page.text.contains("class=\"receipt waiting\""), "{}", page.text);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no receipt on {path}")
}

#[tokio::test]
async fn a_key_is_made_shown_once_and_works() {
    let app = TestApp::start().await;
    let mut browser = app.master_browser().await;
    let (id, text) = create(&mut browser, LABEL).await;
    assert_eq!(app.verify(&text).await["code"], json!("VALID"));
    for path in ["/console/keys".to_owned(), format!("/console/keys/{id}"), "/console".to_owned()] {
        let page = browser.get(&path).await.expect(200);
        assert!(!page.text.contains(&text), "{path}");
        assert!(!page.text.contains("<script>alert"), "{path}");
    }
    let page = browser.get("/console/keys").await.expect(200);
    assert!(page.text.contains(ESCAPED), "{}", page.text);
}

#[tokio::test]
async fn a_form_that_is_sent_twice_makes_one_key() {
    let app = TestApp::start().await;
    let mut browser = app.master_browser().await;
    let fields = [
        ("request", "once"),
        ("label", "a"),
        ("lifetime_days", "7"),
        ("tenant_id", "1"),
        ("scopes", "sessions:read"),
    ];
    let first = browser.post("/console/keys", &fields).await.expect(200);
    let again = browser.post("/console/keys", &fields).await.expect(200);
    assert_eq!(shown(&first.text), shown(&again.text));
    let other = [
        ("request", "once"),
        ("label", "b"),
        ("lifetime_days", "7"),
        ("tenant_id", "1"),
        ("scopes", "sessions:read"),
    ];
    browser.post("/console/keys", &other).await.expect(409);
    let list = app.master().get("/admin/keys").await.expect(200);
    assert_eq!(list.at("/data").as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn every_mistake_is_named_at_its_field_and_nothing_typed_is_lost() {
    let app = TestApp::start().await;
    let mut browser = app.master_browser().await;
    let wrong = [
        ("label", "", "label-error"),
        ("lifetime_days", "0", "lifetime_days-error"),
        ("lifetime_days", "many", "lifetime_days-error"),
        ("lifetime_days", "", "lifetime_days-error"),
        ("rate_limit", "-1", "rate_limit-error"),
        ("rate_limit", "10000001", "rate_limit-error"),
        ("scopes", "no:such", "scopes-error"),
    ];
    for (name, value, anchor) in wrong {
        let good = [
            ("label", "kept"),
            ("lifetime_days", "7"),
            ("tenant_id", "1"),
            ("scopes", "messages:write"),
            ("request", "x"),
        ];
        let fields: Vec<_> =
            good.into_iter().filter(|(field, _)| *field != name).chain([(name, value)]).collect();
        let page = browser.post("/console/keys", &fields).await.expect(400);
        assert!(page.text.contains(&format!("id=\"{anchor}\"")), "{name}={value}: {}", page.text);
        assert!(page.text.contains("role=\"alert\""), "{name}");
        if name != "label" {
            assert!(page.text.contains("value=\"kept\""), "{name}={value}");
        }
        if name != "scopes" {
            assert!(page.text.contains("value=\"messages:write\" checked"), "{name}={value}");
        }
    }
    let none = [("label", "kept"), ("lifetime_days", "7"), ("tenant_id", "1"), ("request", "x")];
    let page = browser.post("/console/keys", &none).await.expect(400);
    assert!(page.text.contains("id=\"scopes-error\""), "{}", page.text);
}

#[tokio::test]
async fn a_list_is_filtered_and_paged_on_the_server() {
    let app = TestApp::start().await;
    for number in 0..60 {
        let body =
            json!({ "label": format!("k{number:02}"), "lifetimeDays": 9, "scopes": ["sessions:read"] });
        app.master().post("/admin/keys", body).await.expect(201);
    }
    let mut browser = app.master_browser().await;
    let first = browser.get("/console/keys?scope=sessions:read&sort=created").await.expect(200);
    assert!(first.text.contains(">k59<") && first.text.contains(">k10<") && !first.text.contains(">k09<"));
    let (_, rest) = first.text.split_once("rel=\"next\" href=\"").unwrap();
    let next = rest.split('"').next().unwrap().replace("&#38;", "&");
    let second = browser.get(&next).await.expect(200);
    assert!(second.text.contains(">k09<") && second.text.contains(">k00<") && !second.text.contains(">k10<"));
    let found = browser.get("/console/keys?label=K31").await.expect(200);
    assert!(found.text.contains(">k31<") && !found.text.contains(">k32<"));
    let none = browser.get("/console/keys?label=nothing").await.expect(200);
    assert!(none.text.contains("No key matches"));
    for query in ["cursor=x", "sort=x", "tenant_id=x", "active=x", "scope=x:y", "created_by=x"] {
        let page = browser.get(&format!("/console/keys?{query}")).await.expect(400);
        assert!(page.text.contains("role=\"alert\""), "{query}");
    }
}

#[tokio::test]
async fn a_rotated_key_retires_and_a_revoked_one_is_dead_with_its_receipt() {
    let app = TestApp::start().await;
    let mut browser = app.master_browser().await;
    let (id, text) = create(&mut browser, "a").await;
    let path = format!("/console/keys/{id}");
    let fields = [("request", "r"), ("overlap_seconds", "3600"), ("master_key", MASTER_KEY)];
    let page = browser.post(&format!("{path}/rotate"), &fields).await.expect(200);
    let successor = shown(&page.text);
    let (_, rest) = page.text.split_once("revision ").or(page.text.split_once("Revision ")).unwrap();
    let revision: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let receipt = with_receipt(&mut browser, &format!("/console/receipts/{revision}")).await;
    assert!(receipt.contains("In force on 1 of 1 instance"), "{receipt}");
    assert_eq!(app.verify(&text).await["code"], json!("VALID"), "until the overlap ends");
    assert_eq!(app.verify(&successor).await["code"], json!("VALID"));
    let page = browser.get(&path).await.expect(200);
    assert!(page.text.contains(">Retiring<"), "{}", page.text);

    let answer = browser.post(&format!("{path}/revoke"), &[]).await.expect(303);
    let page = with_receipt(&mut browser, location(&answer)).await;
    assert!(page.contains("In force on 1 of 1 instance after "), "{page}");
    assert_eq!(app.verify(&text).await["code"], json!("REVOKED"));
    assert!(page.contains("key.delete"), "what was done is still there");
    // As after a double click.
    let again = browser.post(&format!("{path}/revoke"), &[]).await.expect(303);
    browser.get(location(&again)).await.expect(200);
    browser.post(&format!("{path}/rotate"), &[("request", "q")]).await.expect(404);
}

#[tokio::test]
async fn a_key_is_switched_off_and_on_and_renamed() {
    let app = TestApp::start().await;
    let mut browser = app.master_browser().await;
    let (id, text) = create(&mut browser, "a").await;
    let path = format!("/console/keys/{id}");
    let answer = browser.post(&format!("{path}/disable"), &[]).await.expect(303);
    with_receipt(&mut browser, location(&answer)).await;
    assert_eq!(app.verify(&text).await["code"], json!("DISABLED"));
    let answer = browser.post(&format!("{path}/enable"), &[]).await.expect(303);
    with_receipt(&mut browser, location(&answer)).await;
    assert_eq!(app.verify(&text).await["code"], json!("VALID"));
    let edit = format!("{path}/edit");
    let shown = [("shown_label", "a"), ("shown_rate_limit", "0")];
    browser
        .post(&edit, &[shown.as_slice(), &[("label", ""), ("rate_limit", "5")]].concat())
        .await
        .expect(400);
    // Another tab has lowered the limit meanwhile: who only renames does not raise it again.
    let body = json!({ "rateLimit": 3 });
    app.master().patch(&format!("/admin/keys/{id}"), body).await.expect(200);
    browser
        .post(&edit, &[shown.as_slice(), &[("label", "c"), ("rate_limit", "0")]].concat())
        .await
        .expect(303);
    let view = app.master().get(&format!("/admin/keys/{id}")).await.expect(200);
    assert_eq!((view.at("/data/label"), view.at("/data/rateLimit")), (json!("c"), json!(3)));
    browser
        .post(&edit, &[shown.as_slice(), &[("label", "a"), ("rate_limit", "0")]].concat())
        .await
        .expect(303);
    browser
        .post(&edit, &[shown.as_slice(), &[("label", "b"), ("rate_limit", "5")]].concat())
        .await
        .expect(303);
    let view = app.master().get(&format!("/admin/keys/{id}")).await.expect(200);
    assert_eq!((view.at("/data/label"), view.at("/data/rateLimit")), (json!("b"), json!(5)));
}

#[tokio::test]
async fn a_leaked_key_is_revoked_with_all_that_it_made() {
    let app = TestApp::start().await;
    let parent = app.key(&["keys:manage", "sessions:read"]).await;
    let body = json!({ "label": "child", "lifetimeDays": 1, "scopes": ["sessions:read"] });
    let child = app.holder(&parent).post("/api/account/keys", body).await.expect(201).text_at("/data/key");
    let mut browser = app.master_browser().await;
    let page = browser.get(&format!("/console/keys/{}", parent.id)).await.expect(200);
    assert!(page.text.contains("Keys that it made") && page.text.contains(">child<"), "{}", page.text);
    let fields = [("descendants", "true"), ("master_key", MASTER_KEY)];
    let answer = browser.post(&format!("/console/keys/{}/revoke", parent.id), &fields).await.expect(303);
    with_receipt(&mut browser, location(&answer)).await;
    for key in [&parent.text, &child] {
        assert_eq!(app.verify(key).await["code"], json!("REVOKED"));
    }
}

#[tokio::test]
async fn what_is_no_key_is_no_page() {
    let app = TestApp::start().await;
    let mut browser = app.master_browser().await;
    for id in ["x", "key_00000000000000000000000000", "key_7zzzzzzzzzzzzzzzzzzzzzzzzz", "a%00b"] {
        for page in ["", "/rotate", "/revoke", "/edit"] {
            let answer = browser.get(&format!("/console/keys/{id}{page}")).await;
            assert_eq!(answer.status, 404, "{id}{page}");
            assert!(answer.text.contains("There is no such page"));
        }
    }
    browser.get("/console/receipts/999").await.expect(404);
    browser.get("/console/receipts/x").await.expect(404);
}
