//! Real processes, real time: a limit over several windows, while instances die.

use super::{SESSIONS, set};
use crate::support::Role;
use crate::support::database::{SEAL_KEY, new_postgres};
use crate::support::program::Program;
use crate::support::upstream::Echo;
use serde_json::json;
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio::time::sleep;

const LIMIT: usize = 120;
const WINDOW: Duration = Duration::from_mins(1);
/// How exactly the time is known at which a request reached the upstream.
const LOOK: Duration = Duration::from_millis(50);

/// Asks until it is stopped. An instance that is dead does not answer.
fn client(role: Role, pause: Duration) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            let _ = role.request("GET", SESSIONS).send().await;
            sleep(pause).await;
        }
    })
}

/// When requests reached the upstream.
async fn watch(upstream: &Echo, until: Instant) -> Vec<Instant> {
    let mut seen = Vec::new();
    while Instant::now() < until {
        seen.extend(upstream.take().iter().map(|_| Instant::now()));
        sleep(LOOK).await;
    }
    seen
}

fn most_in_a_window(times: &[Instant]) -> usize {
    let (mut window, mut most) = (VecDeque::new(), 0);
    for at in times {
        window.push_back(*at);
        while window.front().is_some_and(|first| at.duration_since(*first) + 2 * LOOK >= WINDOW) {
            window.pop_front();
        }
        most = most.max(window.len());
    }
    most
}

#[tokio::test(flavor = "multi_thread")]
async fn no_minute_has_more_than_the_limit_while_instances_die() {
    let (upstream, url) = (Echo::start().await, new_postgres());
    let address = format!("http://{}", upstream.address);
    let environment = [
        ("TITAN_DATABASE_URL", url.as_str()),
        ("TITAN_SEAL_KEY", SEAL_KEY),
        ("TITAN_UPSTREAM", address.as_str()),
        ("TITAN_POLICY", "whatsapp"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut programs = Vec::new();
    for _ in 0..3 {
        programs.push(Program::start(folder.path(), &environment).await);
    }
    set(&programs[0].master(), json!({ "rateLimit": LIMIT })).await;
    let body = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["*"] });
    let key = programs[0].master().post("/admin/keys", body).await.expect(201).text_at("/data/key");
    let pauses = [20, 60, 150].map(Duration::from_millis);
    let ask = |program: &Program, pause| client(program.role(&key), pause);
    let mut clients: Vec<_> =
        programs.iter().zip(pauses).map(|(program, pause)| ask(program, pause)).collect();
    let mut times = Vec::new();
    for round in 0..8 {
        times.extend(watch(&upstream, Instant::now() + Duration::from_secs(17)).await);
        // One of them dies with what it has borrowed, and another one comes in its place.
        let place = round % 3;
        clients[place].abort();
        programs[place].kill();
        programs[place] = Program::start(folder.path(), &environment).await;
        clients[place] = ask(&programs[place], pauses[(place + round) % 3]);
    }
    clients.iter().for_each(JoinHandle::abort);
    let most = most_in_a_window(&times);
    assert!(most <= LIMIT, "{most} in a minute");
    // Two windows and a third of one. What a dead instance held is lost.
    assert!(times.len() > 2 * LIMIT * 8 / 10, "{} in all", times.len());
}
