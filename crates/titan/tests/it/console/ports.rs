//! Where the console is, and where it is not.

use crate::support::TestApp;
use crate::support::browser::Browser;

#[tokio::test]
async fn it_is_on_the_control_port_alone_if_there_is_one() {
    let app = TestApp::with(|config| config.admin_listen = Some("127.0.0.1:0".to_owned())).await;
    app.browser().get("/console/sign-in").await.expect(200);
    // On the public port, the path is the upstream's: without a key it is refused like any other.
    let answer = Browser::at(app.address).get("/console/sign-in").await.expect(401);
    assert_eq!(answer.text_at("/code"), "missing_api_key");
}

#[tokio::test]
async fn nothing_of_it_answers_where_it_is_switched_off() {
    let app = TestApp::with(|config| config.console = false).await;
    for path in ["/console", "/console/", "/console/sign-in", "/console/assets/console.css", "/console/keys"]
    {
        let answer = app.browser().get(path).await.expect(401);
        assert_eq!(answer.text_at("/code"), "missing_api_key", "{path}");
        assert_eq!(answer.header("content-security-policy"), "");
    }
    let app = TestApp::with(|config| {
        config.console = false;
        config.admin_listen = Some("127.0.0.1:0".to_owned());
    })
    .await;
    app.browser().get("/console/sign-in").await.refused(404, "page not found");
}

#[tokio::test]
async fn a_path_beside_it_is_the_upstream_s() {
    let app = TestApp::start().await;
    for path in ["/consoles", "/console.css", "/Console"] {
        app.browser().get(path).await.expect(401);
    }
    let mut browser = app.browser();
    let answer = browser.get("/console/").await.expect(303);
    assert_eq!(super::location(&answer), "/console");
}
