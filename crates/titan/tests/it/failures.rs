//! Whoever fails often waits, and nobody else.

use crate::support::{Role, TestApp};
use serde_json::json;
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

async fn time(role: &Role, path: &str, status: u16) -> Duration {
    let began = Instant::now();
    role.get(path).await.expect(status);
    began.elapsed()
}

#[tokio::test]
async fn after_some_failures_each_takes_a_second_and_a_good_key_takes_none() {
    let app = TestApp::with(|config| config.failed_attempts = 3).await;
    let (good, bad) = (app.holder(&app.key(&["*"]).await), app.role(Some("titan_nonsense")));
    for _ in 0..3 {
        assert!(time(&bad, "/api/sessions", 401).await < SECOND);
    }
    for path in ["/api/sessions", "/admin/keys", "/api/account/keys"] {
        assert!(time(&bad, path, 401).await >= SECOND, "{path}");
    }
    assert!(time(&good, "/api/sessions", 200).await < SECOND);
    assert!(time(&good, "/no/route", 403).await < SECOND, "this is no failed attempt");
    let began = Instant::now();
    app.master().post("/auth/verify", json!({ "key": "titan_nonsense" })).await.expect(200);
    assert!(began.elapsed() < SECOND, "a bad key that somebody asks about is no failed attempt");
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_client_counts() {
    let app = TestApp::with(|config| {
        config.failed_attempts = 1;
        config.trusted_proxies = vec!["127.0.0.1".to_owned()];
    })
    .await;
    let fail = async |client: &str| {
        let request = app.role(Some("titan_nonsense")).request("GET", "/api/sessions");
        let began = Instant::now();
        assert_eq!(request.header("x-forwarded-for", client).send().await.unwrap().status(), 401);
        began.elapsed()
    };
    assert!(fail("192.0.2.1").await < SECOND);
    assert!(fail("192.0.2.1").await >= SECOND);
    assert!(fail("192.0.2.2").await < SECOND);
}

#[tokio::test]
async fn a_flood_leaves_good_keys_their_speed() {
    let app = TestApp::with(|config| config.failed_attempts = 10).await;
    let good = app.holder(&app.key(&["*"]).await);
    let flood: Vec<_> = (0..200)
        .map(|_| {
            let bad = app.role(Some("titan_nonsense"));
            tokio::spawn(async move {
                for _ in 0..3 {
                    bad.get("/api/sessions").await.expect(401);
                }
            })
        })
        .collect();
    for _ in 0..50 {
        assert!(time(&good, "/api/sessions", 200).await < SECOND);
    }
    for task in flood {
        task.await.unwrap();
    }
}
