//! Forms: whose they are, and what becomes of what was typed.

use super::location;
use crate::support::TestApp;
use crate::support::app::MASTER_KEY;

const FIELDS: [(&str, &str); 6] = [
    ("label", "typed \"in\" <here>"),
    ("lifetime_days", "7"),
    ("tenant_id", "1"),
    ("scopes", "sessions:read"),
    ("scopes", "messages:write"),
    ("request", "name-of-the-form"),
];

#[tokio::test]
async fn a_form_without_the_token_of_the_session_is_refused() {
    let app = TestApp::start().await;
    let mut browser = app.master_browser().await;
    let other = app.master_browser().await;
    for csrf in ["", "x", other.csrf.as_str()] {
        browser.csrf = csrf.to_owned();
        browser.post("/console/keys", &FIELDS).await.expect(403);
        browser.csrf = csrf.to_owned();
        browser.post("/console/sign-out", &[]).await.expect(403);
    }
    assert_eq!(app.master().get("/admin/keys").await.expect(200).at("/data"), serde_json::json!([]));
}

#[tokio::test]
async fn a_form_of_another_site_is_refused_even_with_the_token() {
    let app = TestApp::start().await;
    let browser = app.master_browser().await;
    let form = [FIELDS.as_slice(), &[("csrf", browser.csrf.as_str())]].concat();
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "none"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let answer = browser.request("POST", "/console/keys").header(name, value).form(&form).send().await;
        assert_eq!(answer.unwrap().status().as_u16(), 403, "{name}: {value}");
    }
    // The same form as a browser without those headers sends it.
    let answer = browser.request("POST", "/console/keys").form(&form).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
}

#[tokio::test]
async fn what_is_no_form_is_refused() {
    let app = TestApp::start().await;
    let browser = app.master_browser().await;
    let send = async |kind: &'static str, body: String| {
        let request = browser.request("POST", "/console/keys").header("content-type", kind).body(body);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(send("application/json", "{}".to_owned()).await, 415);
    assert_eq!(send("text/plain", "csrf=x".to_owned()).await, 415);
    assert_eq!(send("application/x-www-form-urlencoded", format!("a={}", "x".repeat(256 * 1024))).await, 413);
    assert_eq!(send("application/x-www-form-urlencoded", format!("a={}", "x".repeat(60_000))).await, 403);
    assert_eq!(send("application/x-www-form-urlencoded", "a&".repeat(400)).await, 400);
    assert_eq!(send("application/x-www-form-urlencoded", "%ff=%00".to_owned()).await, 403);
    assert_eq!(send("application/x-www-form-urlencoded", String::new()).await, 403);
    let put = browser.request("PUT", "/console/keys").send().await.unwrap();
    assert_eq!(put.status().as_u16(), 405);
}

/// All fields that a page holds for later.
fn kept(html: &str) -> Vec<(String, String)> {
    let form = html.split("<form").nth(1).unwrap();
    let inputs = form.split("<input type=\"hidden\" name=\"").skip(1);
    let pairs = inputs.map(|input| {
        let mut parts = input.split('"');
        let (name, value) = (parts.next().unwrap(), parts.nth(1).unwrap());
        let unescaped = [("&#34;", "\""), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")];
        let value = unescaped.iter().fold(value.to_owned(), |text, (from, to)| text.replace(from, to));
        (name.to_owned(), value)
    });
    pairs.filter(|(name, _)| !["csrf", "how", "next"].contains(&name.as_str())).collect()
}

fn with<'a>(fields: &'a [(String, String)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    fields.chain(more.iter().copied()).collect()
}

/// Somebody fills in a form, and the session ends meanwhile.
#[tokio::test]
async fn what_was_typed_is_kept_until_one_has_signed_in_again() {
    let app = TestApp::start().await;
    let mut browser = app.master_browser().await;
    app.clock.advance(13 * 3600);
    browser.settle().await;
    let typed = [FIELDS.as_slice(), &[("master_key", "a secret that was typed")]].concat();
    let page = browser.post("/console/keys", &typed).await.expect(401);
    assert!(page.text.contains("What you typed is kept"), "{}", page.text);
    assert!(!page.text.contains("a secret that was typed"));
    let fields = kept(&page.text);
    assert_eq!(fields[0], ("kept".to_owned(), "/console/keys".to_owned()));
    let wrong = with(&fields, &[("how", "master"), ("master_key", "wrong")]);
    let page = browser.post("/console/sign-in", &wrong).await.expect(401);
    assert_eq!(kept(&page.text), fields, "kept through a failure, too");
    let right = with(&fields, &[("how", "master"), ("master_key", MASTER_KEY)]);
    let page = browser.post("/console/sign-in", &right).await.expect(200);
    assert!(page.text.contains("You are signed in again"), "{}", page.text);
    assert!(!page.text.contains(MASTER_KEY));
    let fields = kept(&page.text);
    let expected: Vec<_> =
        FIELDS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert_eq!(fields, expected);
    let page = browser.post("/console/keys", &with(&fields, &[])).await.expect(200);
    assert!(page.text.contains("The key is created"), "{}", page.text);
}

/// Two tabs: one signs out and in again, the other sends its form.
#[tokio::test]
async fn a_form_of_an_earlier_session_is_asked_about() {
    let app = TestApp::start().await;
    let mut browser = app.master_browser().await;
    let old = browser.csrf.clone();
    browser.post("/console/sign-out", &[]).await.expect(303);
    browser.sign_in_master().await.expect(303);
    browser.csrf = old;
    let page = browser.post("/console/keys", &FIELDS).await.expect(403);
    assert!(page.text.contains("You have signed in again"), "{}", page.text);
    assert_eq!(app.master().get("/admin/keys").await.expect(200).at("/data"), serde_json::json!([]));
    let fields = kept(&page.text);
    let page = browser.post("/console/keys", &with(&fields, &[])).await.expect(200);
    assert!(page.text.contains("The key is created"), "{}", page.text);
}

/// Otherwise another site could have its form sent by whoever signs in.
#[tokio::test]
async fn nothing_of_another_site_is_kept() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let request = browser.request("POST", "/console/keys").header("sec-fetch-site", "cross-site");
    let answer = request.form(&FIELDS).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 403);
    assert!(!answer.text().await.unwrap().contains("typed"));
    // And a form that is kept goes to a page of the console only.
    let mut browser = app.browser();
    browser.get("/console/sign-in").await.expect(200);
    let fields = [("how", "master"), ("master_key", MASTER_KEY), ("kept", "https://evil.example/console")];
    let answer = browser.post("/console/sign-in", &fields).await.expect(303);
    assert!(location(&answer).starts_with("/console/sign-in?signed_in=1"));
}
