//! Requests, their durations, and upstreams.

use super::{SESSIONS, scrape, scrape_until};
use crate::support::TestApp;
use serde_json::json;

#[tokio::test]
async fn each_part_counts_its_requests_by_the_class_of_the_status() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await;
    let before = scrape(&app).await;
    app.holder(&key).get(SESSIONS).await.expect(200);
    app.nobody().get(SESSIONS).await.expect(401);
    app.verify(&key.text).await;
    app.nobody().get("/auth/nginx").await.expect(400);
    app.master().get("/admin/keys/nonsense").await;
    let rises = [
        "titan_requests_total{part=\"gateway\",code=\"2xx\"}",
        "titan_requests_total{part=\"gateway\",code=\"4xx\"}",
        "titan_requests_total{part=\"verify\",code=\"2xx\"}",
        "titan_requests_total{part=\"forward_auth\",code=\"4xx\"}",
        "titan_requests_total{part=\"control_plane\",code=\"4xx\"}",
    ];
    let after = scrape_until(&app, |now| rises.iter().all(|series| now.since(&before, series) == 1.0)).await;
    let seen = after.since(&before, "titan_request_duration_seconds_count{part=\"gateway\"}");
    assert_eq!(seen, 2.0);
    assert!(after.since(&before, "titan_request_duration_seconds_sum{part=\"gateway\"}") > 0.0);
    assert_eq!(after.get("titan_requests_in_flight"), 1.0, "the scrape itself");
}

/// Workers count by themselves. Connections spread over all of them, and none is lost in the sum.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sets_of_all_workers_add_up() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await;
    let before = scrape(&app).await;
    // A role has connections of its own.
    let asking = (0..40).map(|_| {
        let role = app.holder(&key);
        async move { role.get(SESSIONS).await.expect(200) }
    });
    futures_util::future::join_all(asking).await;
    let all = |now: &super::Scrape| {
        now.since(&before, "titan_requests_total{part=\"gateway\",code=\"2xx\"}") == 40.0
    };
    let after = scrape_until(&app, all).await;
    let valid = "titan_verdicts_total{part=\"gateway\",credential=\"api_key\",reason=\"valid\"}";
    assert_eq!(after.since(&before, valid), 40.0);
    assert_eq!(after.since(&before, "titan_upstream_requests_total{result=\"answered\"}"), 40.0);
    assert_eq!(after.since(&before, "titan_upstream_duration_seconds_count"), 40.0);
    let links = ["opened", "reused"].map(|source| {
        after.since(&before, &format!("titan_upstream_connections_total{{source=\"{source}\"}}"))
    });
    assert!(links[0] >= 1.0 && links[0] + links[1] == 40.0, "{links:?}");
}

#[tokio::test]
async fn an_upstream_that_fails_is_counted_by_how() {
    let app = TestApp::start().await;
    let key = app.holder(&app.key(&["*"]).await);
    let before = scrape(&app).await;
    key.get("/api/sessions?slow").await.expect(504);
    let after = scrape(&app).await;
    assert_eq!(after.since(&before, "titan_upstream_requests_total{result=\"timeout\"}"), 1.0);
    assert_eq!(after.get("titan_upstream_requests_in_flight"), 0.0);

    let dead = TestApp::with(|config| config.upstreams[0].url = "http://127.0.0.1:1".to_owned()).await;
    dead.holder(&dead.key(&["*"]).await).get(SESSIONS).await.expect(502);
    let failed = scrape(&dead).await;
    assert_eq!(failed.get("titan_upstream_requests_total{result=\"connect_failed\"}"), 1.0);
    assert_eq!(failed.get("titan_upstream_duration_seconds_count"), 0.0);
}

#[tokio::test]
async fn a_client_that_leaves_is_neither_running_nor_the_upstreams_fault() {
    let app = TestApp::start().await;
    let key = app.holder(&app.key(&["*"]).await);
    let asking = tokio::spawn(async move { key.get("/api/sessions?slow").await });
    scrape_until(&app, |now| now.get("titan_upstream_requests_in_flight") == 1.0).await;
    asking.abort();
    let after = scrape_until(&app, |now| now.get("titan_upstream_requests_in_flight") == 0.0).await;
    assert_eq!(after.get("titan_upstream_requests_total{result=\"given_up\"}"), 1.0);
    let left = "titan_requests_total{part=\"gateway\",code=\"none\"}";
    scrape_until(&app, |now| now.get(left) == 1.0).await;
}

/// A stream is running until its last byte.
#[tokio::test]
async fn a_request_runs_until_its_answer_has_ended() {
    let app = TestApp::start().await;
    let key = app.holder(&app.key(&["*"]).await);
    let mut answer = key.request("GET", "/api/sessions?trickle").send().await.unwrap();
    answer.chunk().await.unwrap();
    let running = scrape(&app).await;
    assert_eq!(running.get("titan_requests_in_flight"), 2.0);
    assert_eq!(running.get("titan_upstream_requests_in_flight"), 0.0, "the answer has begun");
    drop(answer);
    scrape_until(&app, |now| now.get("titan_requests_in_flight") == 1.0).await;
}

#[tokio::test]
async fn changes_and_what_they_leave_in_memory_are_counted() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await;
    let before = scrape(&app).await;
    app.master().delete(&format!("/admin/keys/{}", key.id)).await.expect(204);
    let after = scrape(&app).await;
    assert_eq!(after.since(&before, "titan_revision_applied"), 1.0);
    assert_eq!(after.get("titan_revision_applied"), after.get("titan_revision_head"));
    assert_eq!(after.since(&before, "titan_restricted_keys"), 1.0);
    assert_eq!(after.since(&before, "titan_change_propagation_seconds_count"), 1.0);
    assert!(after.since(&before, "titan_store_writes_total") >= 1.0);
    assert!(after.since(&before, "titan_store_commits_total") >= 1.0);
    // Something else may be written at this very moment.
    scrape_until(&app, |now| now.get("titan_store_writers_waiting") == 0.0).await;
    assert_eq!(after.get("titan_lease_good"), 1.0);
    assert!(after.get("titan_lease_remaining_seconds") > 0.0);
    let slots = after.get("titan_signing_key_slots_free");
    app.master().send("POST", "/admin/signing-keys", None).await.expect(201);
    assert_eq!(scrape(&app).await.get("titan_signing_key_slots_free"), slots - 1.0);
}

#[tokio::test]
async fn connections_and_the_process_are_there() {
    let app = TestApp::with(|config| config.metrics_listen = Some("127.0.0.1:0".to_owned())).await;
    let master = app.master();
    let text = master.get("/metrics").await.expect(200).text;
    let now = super::Scrape::parse(&text);
    assert_eq!(now.get("titan_connections{port=\"public\"}"), 1.0);
    assert_eq!(now.get("titan_connections{port=\"metrics\"}"), 0.0);
    assert_eq!(now.get("titan_connections_accepted_total"), 1.0);
    assert_eq!(now.get("titan_connections_refused_total"), 0.0);
    assert!(now.get("process_resident_memory_bytes") > 1e6);
    assert!(now.get("process_open_fds") > 3.0 && now.get("process_max_fds") > 3.0);
    assert!(now.get("process_start_time_seconds") > 1.7e9);
    assert_eq!(now.get(&format!("titan_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))), 1.0);
    master.post("/auth/verify", json!({ "key": "x" })).await.expect(200);
}
