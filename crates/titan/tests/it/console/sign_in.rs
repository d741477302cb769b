//! Signing in.

use super::location;
use crate::people::second_factor::{code, enrolled};
use crate::support::TestApp;
use crate::support::app::MASTER_KEY;
use crate::support::browser::hidden;
use crate::support::people::PASSWORD;

const PAGE: &str = "/console/sign-in";

#[tokio::test]
async fn who_has_not_signed_in_is_sent_to_the_page_for_that_and_back() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let answer = browser.get("/console/keys?label=a%20b").await.expect(303);
    assert_eq!(location(&answer), "/console/sign-in?next=%2Fconsole%2Fkeys%3Flabel%3Da%2520b");
    let page = browser.get(location(&answer)).await.expect(200);
    assert_eq!(hidden(&page.text, "next").as_deref(), Some("/console/keys?label=a%20b"));
    let fields = [("how", "master"), ("master_key", MASTER_KEY), ("next", "/console/keys?label=a%20b")];
    let answer = browser.post(PAGE, &fields).await.expect(303);
    // By way of the page, so that it can say that a browser keeps no cookie.
    let answer = browser.get(location(&answer)).await.expect(303);
    assert_eq!(location(&answer), "/console/keys?label=a%20b");
    browser.get("/console/keys?label=a%20b").await.expect(200);
}

/// As on plain HTTP at an address that is not this machine's: the browser drops every `Secure` cookie.
#[tokio::test]
async fn a_browser_that_keeps_no_cookie_is_told() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.get(PAGE).await.expect(200);
    browser.cookies.clear();
    let fields = [("how", "master"), ("master_key", MASTER_KEY)];
    let page = browser.post(PAGE, &fields).await.expect(403);
    assert!(page.text.contains("The browser did not keep the session"), "{}", page.text);
    assert!(!browser.cookies.contains_key("titan_console"));
}

/// `SameSite=Strict` hides the cookie from a link of another site.
#[tokio::test]
async fn a_link_of_another_site_leads_to_the_page_by_way_of_a_reload() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let ask = browser.request("GET", "/console/keys").header("sec-fetch-site", "cross-site");
    let answer = ask.send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert!(answer.text().await.unwrap().contains("http-equiv=\"refresh\" content=\"0\""));
}

#[tokio::test]
async fn nobody_is_sent_to_another_site() {
    let app = TestApp::start().await;
    for next in ["https://evil.example", "//evil.example", "/\\evil.example", "/consoles", "/console\\@evil"]
    {
        let mut browser = app.browser();
        browser.get(PAGE).await.expect(200);
        let fields = [("how", "master"), ("master_key", MASTER_KEY), ("next", next)];
        let answer = browser.post(PAGE, &fields).await.expect(303);
        assert_eq!(location(&answer), "/console/sign-in?signed_in=1&next=%2Fconsole", "{next}");
    }
}

#[tokio::test]
async fn a_wrong_master_key_is_refused_and_a_near_one_too() {
    let app = TestApp::start().await;
    let near = format!("{MASTER_KEY}x");
    for key in ["", "wrong", &near, &MASTER_KEY[1..]] {
        let mut browser = app.browser();
        browser.get(PAGE).await.expect(200);
        let answer = browser.post(PAGE, &[("how", "master"), ("master_key", key)]).await.expect(401);
        assert!(answer.text.contains("invalid master key"), "{}", answer.text);
        assert!(!browser.cookies.contains_key("titan_console"), "{key}");
        if !key.is_empty() {
            assert!(!answer.text.contains(key), "what was typed as a secret does not come back");
        }
    }
}

#[tokio::test]
async fn an_unknown_user_and_a_wrong_password_have_one_answer() {
    let app = TestApp::start().await;
    app.user("ada@example.com", "admin").await;
    let mut texts = Vec::new();
    for email in ["ada@example.com", "bob@example.com"] {
        let mut browser = app.browser();
        browser.get(PAGE).await.expect(200);
        let fields = [("how", "password"), ("email", email), ("password", "wrong but long enough")];
        let answer = browser.post(PAGE, &fields).await.expect(401);
        assert!(answer.text.contains(&format!("value=\"{email}\"")), "what was typed is kept");
        let csrf = hidden(&answer.text, "csrf").unwrap();
        texts.push(answer.text.replace(email, "x").replace(&csrf, "y"));
    }
    assert_eq!(texts[0], texts[1]);
}

#[tokio::test]
async fn a_second_factor_is_asked_for() {
    let app = TestApp::start().await;
    let (ada, secret, _) = enrolled(&app).await;
    let mut browser = app.browser();
    browser.get(PAGE).await.expect(200);
    let fields = [("how", "password"), ("email", ada.email.as_str()), ("password", PASSWORD)];
    let answer = browser.post(PAGE, &fields).await.expect(401);
    assert!(answer.text.contains("send a code of your authenticator app"), "{}", answer.text);
    let wrong = [fields.as_slice(), &[("code", "000000")]].concat();
    browser.post(PAGE, &wrong).await.expect(401);
    let right = code(&app, &secret, 0);
    let answer = browser.post(PAGE, &[fields.as_slice(), &[("code", right.as_str())]].concat()).await;
    answer.expect(303);
    assert!(browser.cookies.contains_key("titan_console"));
}

#[tokio::test]
async fn a_sign_in_that_another_site_makes_is_refused() {
    let app = TestApp::start().await;
    let fields = [("how", "master"), ("master_key", MASTER_KEY)];
    // Without the cookie of a visit.
    app.browser().post(PAGE, &fields).await.expect(403);
    // With the token of another visit.
    let (mut victim, mut attacker) = (app.browser(), app.browser());
    victim.get(PAGE).await.expect(200);
    attacker.get(PAGE).await.expect(200);
    victim.csrf.clone_from(&attacker.csrf);
    victim.post(PAGE, &fields).await.expect(403);
    // With everything right, but from elsewhere.
    victim.get(PAGE).await.expect(200);
    let form = [fields.as_slice(), &[("csrf", victim.csrf.as_str())]].concat();
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("origin", "null")]
    {
        let answer = victim.request("POST", PAGE).header(name, value).form(&form).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 403, "{name}: {value}");
    }
}

#[tokio::test]
async fn the_cookies_are_for_this_site_and_for_no_script() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let answer = browser.sign_in_master().await.expect(303);
    let cookies: Vec<_> =
        answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect();
    assert_eq!(cookies.len(), 2, "the session, and the end of the visit");
    for cookie in cookies {
        assert!(cookie.contains("; Path=/console; HttpOnly; Secure; SameSite=Strict"), "{cookie}");
    }
    assert!(!answer.text.contains(&browser.cookies["titan_console"]));
}

#[tokio::test]
async fn failures_count_as_in_the_api() {
    let app = TestApp::with(|config| config.failed_attempts = 3).await;
    app.user("ada@example.com", "admin").await;
    let mut last = None;
    for _ in 0..30 {
        let mut browser = app.browser();
        browser.get(PAGE).await.expect(200);
        let fields =
            [("how", "password"), ("email", "ada@example.com"), ("password", "wrong but long enough")];
        let answer = browser.post(PAGE, &fields).await;
        if answer.status == 429 {
            last = Some(answer);
            break;
        }
    }
    let answer = last.unwrap();
    assert!(answer.text.contains("too many failed sign-ins"), "{}", answer.text);
    assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
}
