//! What every answer of the console says to the browser.

use crate::support::{Answer, TestApp};

fn assert_protected(answer: &Answer) {
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{answer:?}");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("data:"), "{policy}");
    assert_eq!(answer.header("x-frame-options"), "DENY");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "same-origin");
}

#[tokio::test]
async fn every_page_is_protected_and_kept_nowhere() {
    let app = TestApp::start().await;
    let mut browser = app.master_browser().await;
    for path in ["/console", "/console/keys", "/console/keys/new", "/console/no-such-page", "/console/keys/x"]
    {
        let answer = browser.get(path).await;
        assert_protected(&answer);
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
        assert!(!answer.text.contains(" style=") && !answer.text.contains("<script>"), "{path}");
        assert!(!answer.text.contains(" onclick=") && !answer.text.contains("javascript:"), "{path}");
    }
    assert_protected(&browser.post("/console/keys", &[]).await.expect(400));
    let mut nobody = app.browser();
    for answer in [
        nobody.get("/console/sign-in").await,
        nobody.get("/console").await,
        nobody.post("/console/sign-in", &[]).await,
    ] {
        assert_protected(&answer);
    }
}

#[tokio::test]
async fn the_files_of_pages_are_asked_for_again_and_not_sent_again() {
    let app = TestApp::start().await;
    let mut nobody = app.browser();
    for (file, kind) in
        [("console.css", "text/css"), ("console.js", "text/javascript"), ("htmx.js", "text/javascript")]
    {
        let path = format!("/console/assets/{file}");
        let answer = nobody.get(&path).await.expect(200);
        assert_protected(&answer);
        assert!(answer.header("content-type").starts_with(kind) && !answer.text.is_empty());
        assert_eq!(answer.header("cache-control"), "no-cache");
        let again = nobody.request("GET", &path).header("if-none-match", answer.header("etag"));
        assert_eq!(again.send().await.unwrap().status().as_u16(), 304);
    }
    nobody.get("/console/assets/../Cargo.toml").await.expect(404);
    nobody.get("/console/assets/nothing").await.expect(404);
}
