//! Who may read the metrics, and where.

use super::metrics_port;
use crate::support::TestApp;

async fn with_port() -> TestApp {
    TestApp::with(|config| config.metrics_listen = Some("127.0.0.1:0".to_owned())).await
}

#[tokio::test]
async fn the_control_plane_shows_them_to_the_master_key_alone() {
    let app = TestApp::start().await;
    app.nobody().get("/metrics").await.expect(401);
    app.role(Some("nonsense")).get("/metrics").await.expect(401);
    app.holder(&app.key(&["*"]).await).get("/metrics").await.expect(403);
    let shown = app.master().get("/metrics").await.expect(200);
    assert_eq!(shown.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(shown.header("cache-control"), "no-store");
    app.master().post("/metrics", serde_json::json!({})).await.expect(405);
    app.master().get("/metrics/x").await.expect(404);
}

#[tokio::test]
async fn with_a_control_port_the_public_one_does_not_have_them() {
    let app = TestApp::with(|config| config.admin_listen = Some("127.0.0.1:0".to_owned())).await;
    app.master().get("/metrics").await.expect(403);
    let control = crate::support::Role::new(
        &format!("http://{}", app.control.unwrap()),
        Some(crate::support::app::MASTER_KEY),
    );
    control.get("/metrics").await.expect(200);
}

#[tokio::test]
async fn a_port_of_their_own_needs_no_credential_and_serves_nothing_else() {
    let app = with_port().await;
    let port = metrics_port(&app);
    assert!(port.get("/metrics").await.expect(200).text.contains("titan_requests_total"));
    let head = port.send("HEAD", "/metrics", None).await.expect(200);
    assert_eq!(head.text, "");
    assert_eq!(port.post("/metrics", serde_json::json!({})).await.expect(405).header("allow"), "GET, HEAD");
    for path in
        ["/", "/health/ready", "/admin/keys", "/auth/verify", "/api/sessions", "/metrics/", "/METRICS"]
    {
        port.get(path).await.expect(404);
    }
    let key = app.key(&["*"]).await;
    let with_key = crate::support::Role::new(&format!("http://{}", app.metrics.unwrap()), Some(&key.text));
    with_key.get("/api/sessions").await.expect(404);
    assert!(app.upstream.take().is_empty());
}

#[tokio::test]
async fn prometheus_gets_the_format_that_it_asks_for() {
    let app = with_port().await;
    let accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1";
    for role in [metrics_port(&app), app.master()] {
        let answer = role.request("GET", "/metrics").header("accept", accept).send().await.unwrap();
        let content_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
        assert_eq!(content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
        let text = answer.text().await.unwrap();
        assert!(text.ends_with("# EOF\n") && text.contains("# TYPE titan_requests counter\n"), "{text}");
    }
}

/// Nobody there shows a credential, so nobody there may take the places of others.
#[tokio::test]
async fn the_port_has_few_places_and_they_are_its_own() {
    let app = with_port().await;
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(tokio::net::TcpStream::connect(app.metrics.unwrap()).await.unwrap());
    }
    let text = metrics_port(&app).get("/metrics").await.expect(200).text;
    assert!(text.contains("titan_connections{port=\"metrics\"} 16\n"), "{text}");
    app.master().get("/admin/keys").await.expect(200);
    drop(silent);
}
