//! Nobody outside can make a series, or leave a text in one.

use super::{Scrape, scrape};
use crate::support::TestApp;
use reqwest::Method;

/// Methods, paths, statuses and credentials that Titan has not seen before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_requests_that_all_differ_make_no_series() {
    let app = TestApp::start().await;
    let before = scrape(&app).await;
    let crowd = (0..8).map(|n| {
        let (nobody, address) = (app.nobody(), app.address);
        async move {
            let client = reqwest::Client::new();
            drop(nobody);
            for i in 0..1250 {
                let method = Method::from_bytes(format!("M{n}X{i}").as_bytes()).unwrap();
                let url = format!("http://{address}/secret-path-{n}-{i}?secret-query={i}");
                let key = format!("titan_secret-key-{n}-{i}");
                let request =
                    client.request(method, url).bearer_auth(key).header("x-forwarded-for", "10.9.8.7");
                request.send().await.unwrap();
            }
        }
    });
    futures_util::future::join_all(crowd).await;
    let after = scrape(&app).await;
    assert_eq!(after.series(), before.series());
    let malformed = "titan_verdicts_total{part=\"gateway\",credential=\"api_key\",reason=\"malformed\"}";
    assert_eq!(after.since(&before, malformed), 10_000.0);
}

#[tokio::test]
async fn what_is_secret_or_private_is_in_no_metric() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await;
    app.holder(&key).get("/api/sessions/private-session?private=query").await;
    app.role(Some("titan_private")).get("/private/path").await;
    app.verify(&key.text).await;
    let text = app.master().get("/metrics").await.expect(200).text;
    let host = app.upstream.address.to_string();
    for secret in ["private", "127.0.0.1", &host, &key.id, &key.text, "test-master-key", "default"] {
        assert!(!text.contains(secret), "{secret} is in the metrics");
    }
}

/// Labels and help come from the program alone, so a page always parses.
#[tokio::test]
async fn every_series_is_there_from_the_start() {
    let app = TestApp::start().await;
    let text = app.master().get("/metrics").await.expect(200).text;
    let scrape = Scrape::parse(&text);
    assert!((300..900).contains(&scrape.0.len()), "{} series", scrape.0.len());
    for (series, value) in &scrape.0 {
        assert!(*value >= 0.0, "{series} {value}");
    }
}
