//! What is counted, and as what.

use super::{SESSIONS, USAGE, by_label, counted, points, repeat, sum};
use crate::support::TestApp;
use crate::support::upstream::breaks_off;
use serde_json::json;
use std::time::{Duration, Instant};
use titan_core::time::{Clock, Timestamp};

fn pairs(pairs: &[(&str, u64)]) -> Vec<(String, u64)> {
    pairs.iter().map(|(label, count)| ((*label).to_owned(), *count)).collect()
}

#[tokio::test]
async fn each_exchange_counts_once_as_what_became_of_it() {
    let app = TestApp::start().await;
    let key = app.key(&["sessions:read"]).await;
    let holder = app.holder(&key);
    repeat(&holder, SESSIONS, 4).await;
    holder.get("/api/sessions?status=404").await.expect(404);
    holder.get("/api/sessions?status=503").await.expect(503);
    holder.get("/api/sessions?slow").await.expect(504);
    holder.post(SESSIONS, json!({})).await.expect(403);
    holder.get("/no/such/route").await.expect(403);
    app.nobody().get(SESSIONS).await.expect(401);
    let codes = counted(&app, &format!("{USAGE}?group=code"), 10).await;
    let expected = pairs(&[
        ("allowed", 5),
        ("insufficient_scope", 1),
        ("missing_api_key", 1),
        ("route_not_allowed", 1),
        ("upstream_error", 1),
        ("upstream_timeout", 1),
    ]);
    assert_eq!(by_label(&codes, "requests"), expected);
    let all = app.master().get(USAGE).await;
    let fields =
        ["requests", "allowed", "refused", "upstreamErrors", "aborted"].map(|field| sum(&all, field));
    assert_eq!(fields, [10, 5, 3, 2, 0]);
    let reasons = json!({ "insufficient_scope": 1, "missing_api_key": 1, "route_not_allowed": 1 });
    assert_eq!(
        points(&all).iter().map(|point| point["reasons"].clone()).find(|all| all != &json!({})),
        Some(reasons)
    );
    let of_key = app.master().get(&format!("/admin/keys/{}/usage?group=route", key.id)).await.expect(200);
    assert_eq!(by_label(&of_key, "requests"), pairs(&[(SESSIONS, 8), ("null", 1)]));
}

#[tokio::test]
async fn bytes_and_time_are_those_of_the_exchange() {
    let app = TestApp::start().await;
    let holder = app.holder(&app.key(&["sessions:manage"]).await);
    let answer = holder.request("POST", SESSIONS).body("x".repeat(12_345)).send().await.unwrap();
    let length = u64::try_from(answer.text().await.unwrap().len()).unwrap();
    let all = counted(&app, USAGE, 1).await;
    assert_eq!((sum(&all, "bytesIn"), sum(&all, "bytesOut")), (12_345, length));
    let seconds = points(&all)[0]["seconds"].as_f64().unwrap();
    assert!(seconds > 0.0 && seconds < 30.0, "{seconds}");
}

#[tokio::test]
async fn questions_of_proxies_and_of_services_count_for_the_key_that_they_are_about() {
    let app = TestApp::start().await;
    let (key, service) = (app.key(&["sessions:read"]).await, app.key(&["keys:verify"]).await);
    for path in [SESSIONS, "/no/such/route"] {
        let question = app.nobody().request("GET", "/auth/nginx").bearer_auth(&key.text);
        let question = question.header("x-original-method", "GET").header("x-original-url", path);
        question.send().await.unwrap();
    }
    assert_eq!(app.code(&key).await, "VALID");
    let body = json!({ "key": key.text, "scopes": ["sessions:manage"] });
    app.holder(&service).post("/auth/verify", body).await.expect(200);
    app.holder(&key).post("/auth/verify", json!({ "key": service.text })).await.expect(403);
    let codes = counted(&app, &format!("/admin/keys/{}/usage?group=code", key.id), 5).await;
    let expected = [("allowed", 2), ("insufficient_scope", 2), ("route_not_allowed", 1)];
    assert_eq!(by_label(&codes, "requests"), pairs(&expected));
    assert_eq!(
        sum(&app.master().get(USAGE).await, "requests"),
        5,
        "the service's key was not used by anybody else"
    );
}

#[tokio::test]
async fn minutes_hours_and_days_agree_also_if_the_clock_goes_back() {
    let app = TestApp::start().await;
    let holder = app.holder(&app.key(&["sessions:read"]).await);
    let mut expected = 0;
    // An hour on, and back again to where it began.
    for leap in [0, 3600, -3600, 60, -60] {
        app.clock.advance(leap);
        repeat(&holder, SESSIONS, 3).await;
        expected += 3;
        let to = app.clock.now().plus_secs(2 * 86_400);
        let from = to.plus_secs(-5 * 86_400);
        counted(&app, &format!("{USAGE}?step=day&from={from}&to={to}"), expected).await;
    }
    let now = app.clock.now();
    let (from, to) = (now.plus_secs(-10_000), now.plus_secs(10_000));
    for step in ["minute", "hour", "day"] {
        let answer = app.master().get(&format!("{USAGE}?step={step}&from={from}&to={to}")).await.expect(200);
        assert_eq!(sum(&answer, "requests"), expected, "{step}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_counts_by_itself() {
    let app = TestApp::start().await;
    let holder = app.holder(&app.key(&["sessions:read"]).await);
    let asking = tokio::spawn(holder.request("GET", "/api/sessions?slow").send());
    let began = Instant::now();
    while app.upstream.take().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(10), "the upstream was not asked");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    asking.abort();
    let all = counted(&app, USAGE, 1).await;
    assert_eq!((sum(&all, "aborted"), sum(&all, "upstreamErrors")), (1, 0));
}

#[tokio::test]
async fn an_upstream_that_breaks_off_or_is_down_has_a_code() {
    for code in ["upstream_broken", "upstream_unreachable"] {
        let address =
            if code == "upstream_broken" { breaks_off().await } else { "127.0.0.1:1".parse().unwrap() };
        let app = TestApp::with(|config| config.upstreams[0].url = format!("http://{address}")).await;
        let holder = app.holder(&app.key(&["sessions:read"]).await);
        let whole = async { holder.request("GET", SESSIONS).send().await?.bytes().await };
        let _ = whole.await;
        let codes = counted(&app, &format!("{USAGE}?group=code"), 1).await;
        assert_eq!(by_label(&codes, "upstreamErrors"), pairs(&[(code, 1)]));
    }
}

/// The upstream is not at fault.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_cut_with_its_key_counts_as_refused() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await;
    let mut stream = app.holder(&key).request("GET", "/api/sessions/a/events?quiet").send().await.unwrap();
    assert!(stream.chunk().await.unwrap().is_some());
    app.master().delete(&format!("/admin/keys/{}", key.id)).await.expect(204);
    assert!(stream.chunk().await.is_err(), "it is cut");
    let codes = counted(&app, &format!("{USAGE}?group=code"), 1).await;
    assert_eq!(by_label(&codes, "refused"), pairs(&[("api_key_revoked", 1)]));
}

#[tokio::test]
async fn an_answer_says_from_when_all_is_kept() {
    let app = TestApp::with(|config| {
        (config.usage_minute_retention, config.usage_hour_retention) = (1, 2);
        config.usage_day_retention = 3;
    })
    .await;
    for (step, secs, days) in [("minute", 60, 1), ("hour", 3600, 2), ("day", 86_400, 3)] {
        let kept = app.master().get(&format!("{USAGE}?step={step}")).await.expect(200).text_at("/keptFrom");
        let oldest = app.clock.now().plus_secs(-days * 86_400).secs();
        assert_eq!(kept, Timestamp::from_secs(oldest - oldest.rem_euclid(secs)).to_string(), "{step}");
    }
}
