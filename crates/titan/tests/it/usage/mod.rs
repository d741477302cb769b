//! How keys are used, as whoever asks for it sees it.

mod abuse;
mod client;
mod command;
mod counts;
mod crash;
mod instances;
mod outage;

use crate::support::{Answer, Role, TestApp};
use serde_json::Value;
use std::time::{Duration, Instant};

const USAGE: &str = "/admin/usage";
const SESSIONS: &str = "/api/sessions";
/// Longer than the pause between two flushes.
const PATIENCE: Duration = Duration::from_secs(30);

/// The sum of a field over all points.
fn sum(answer: &Answer, field: &str) -> u64 {
    points(answer).iter().map(|point| point[field].as_u64().unwrap()).sum()
}

fn points(answer: &Answer) -> Vec<Value> {
    answer.at("/data").as_array().unwrap().clone()
}

/// The sums of a field by label, the smallest label first.
fn by_label(answer: &Answer, field: &str) -> Vec<(String, u64)> {
    let mut sums = std::collections::BTreeMap::new();
    for point in points(answer) {
        let label = point["label"].as_str().unwrap_or("null").to_owned();
        *sums.entry(label).or_insert(0) += point[field].as_u64().unwrap();
    }
    sums.into_iter().collect()
}

/// Begins a minute, which makes each instance flush, and asks until so many requests were counted.
async fn counted(app: &TestApp, path: &str, requests: u64) -> Answer {
    app.clock.advance(60);
    until(&app.master(), path, requests).await
}

/// Asks until so many requests were counted. More are a fault at once.
async fn until(role: &Role, path: &str, requests: u64) -> Answer {
    let began = Instant::now();
    loop {
        let answer = role.get(path).await.expect(200);
        let found = sum(&answer, "requests");
        assert!(found <= requests, "{found} and not {requests}: {answer:?}");
        if found == requests {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "{found} of {requests}: {answer:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn repeat(role: &Role, path: &str, times: usize) {
    for _ in 0..times {
        role.get(path).await;
    }
}
