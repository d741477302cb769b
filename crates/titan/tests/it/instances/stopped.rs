//! Real processes that are stopped, killed and replaced.

use super::{LEASE_AND_MARGIN, assert_lapsed, deleted, field, until};
use crate::support::Role;
use crate::support::app::{MASTER_KEY, MadeKey};
use crate::support::browser::Browser;
use crate::support::database::{SEAL_KEY, new_postgres};
use crate::support::program::Program;
use serde_json::json;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::task::JoinSet;

const SOON: Duration = Duration::from_secs(10);

/// Programs that share a database.
struct Programs {
    url: String,
    folder: TempDir,
}

impl Programs {
    fn new() -> Self {
        Self { url: new_postgres(), folder: tempfile::tempdir().unwrap() }
    }

    async fn start(&self) -> Program {
        let environment = [("TITAN_DATABASE_URL", self.url.as_str()), ("TITAN_SEAL_KEY", SEAL_KEY)];
        Program::start(self.folder.path(), &environment).await
    }
}

async fn made(master: &Role) -> MadeKey {
    let body = json!({ "label": "x", "lifetimeDays": 30, "scopes": ["*"] });
    MadeKey::of(&master.post("/admin/keys", body).await.expect(201))
}

async fn code(program: &Program, key: &MadeKey) -> String {
    let answer = program.master().post("/auth/verify", json!({ "key": key.text })).await;
    answer.expect(200).text_at("/data/code")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_was_stopped_knows_better_when_it_goes_on() {
    let programs = Programs::new();
    let (running, stopped) = (programs.start().await, programs.start().await);
    let (first, second) = (made(&running.master()).await, made(&running.master()).await);
    stopped.signal("STOP");
    let began = Instant::now();
    let answer = deleted(&running.master(), &first).await;
    let waited = began.elapsed();
    assert!(waited > Duration::from_secs(3), "its lease was good for a while: {waited:?}");
    assert!(waited < LEASE_AND_MARGIN + Duration::from_secs(2), "{waited:?}");
    assert_lapsed(&answer);
    until("swept", SOON, async || {
        running.master().get("/admin/instances").await.at("/data").as_array().unwrap().len() == 1
    })
    .await;
    let began = Instant::now();
    deleted(&running.master(), &second).await;
    assert!(began.elapsed() < Duration::from_secs(2), "nobody waits for the dead twice");
    stopped.signal("CONT");
    // The very first answers, while it still catches up.
    for key in [&first, &second] {
        assert_eq!(code(&stopped, key).await, "REVOKED");
    }
    until("it joined again", SOON, async || {
        running.master().get("/admin/instances").await.at("/data").as_array().unwrap().len() == 2
    })
    .await;
}

/// The console shows the receipt as it comes in: one instance at once, the other when its lease has ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_says_for_which_instance_a_revocation_waits() {
    let programs = Programs::new();
    let (running, stopped) = (programs.start().await, programs.start().await);
    let key = made(&running.master()).await;
    let mut browser = Browser::at(running.address);
    browser.sign_in_master().await.expect(303);
    browser.get("/console").await.expect(200);
    // Proved before, as the signing key is new and so its first tokens wait.
    let other = made(&running.master()).await;
    browser
        .post(&format!("/console/keys/{}/revoke", other.id), &[("master_key", MASTER_KEY)])
        .await
        .expect(303);
    stopped.signal("STOP");
    let path = format!("/console/keys/{}/revoke", key.id);
    let began = Instant::now();
    let answer = browser.post(&path, &[]).await.expect(303);
    assert!(began.elapsed() < Duration::from_secs(2), "the page does not wait");
    let path = answer.header("location").to_owned();
    until("one of two", SOON, async || {
        let page = browser.get(&path).await.expect(200).text;
        assert!(!page.contains("In force on 2 of 2"), "the other one may still accept the key");
        page.contains("In force on 1 of 2 instances")
            && page.contains("waiting for it, or for its lease to end")
    })
    .await;
    until("both", LEASE_AND_MARGIN + SOON, async || {
        browser.get(&path).await.expect(200).text.contains("class=\"receipt done\"")
    })
    .await;
    assert!(began.elapsed() > Duration::from_secs(2), "its lease was good for a while");
    let page = browser.get(&path).await.expect(200).text;
    assert!(
        page.contains("Without an answer, until their lease ended: 1") || page.contains("In force on 1 of 1"),
        "{page}"
    );
    stopped.signal("CONT");
    assert_eq!(code(&stopped, &key).await, "REVOKED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_was_killed_is_waited_for_once() {
    let programs = Programs::new();
    let (running, mut killed) = (programs.start().await, programs.start().await);
    let (first, second) = (made(&running.master()).await, made(&running.master()).await);
    killed.kill();
    let answer = deleted(&running.master(), &first).await;
    assert_lapsed(&answer);
    until("swept", SOON, async || {
        running.master().get("/admin/instances").await.at("/data").as_array().unwrap().len() == 1
    })
    .await;
    let answer = deleted(&running.master(), &second).await;
    assert_eq!((field(&answer, "applied"), field(&answer, "lapsed")), (1, 0));
    assert!(field(&answer, "ms") < 2000);
}

/// Clients behind a balancer that asks the next instance if one accepts no connection.
struct Load {
    addresses: Arc<Mutex<Vec<SocketAddr>>>,
    stop: Arc<AtomicBool>,
    tasks: JoinSet<(u32, Vec<String>)>,
}

impl Load {
    fn start(running: &[Program], key: &MadeKey) -> Self {
        let addresses = Arc::new(Mutex::new(running.iter().map(|program| program.address).collect()));
        let stop = Arc::<AtomicBool>::default();
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            tasks.spawn(ask_on(Arc::clone(&addresses), Arc::clone(&stop), key.text.clone()));
        }
        Self { addresses, stop, tasks }
    }

    fn replace(&self, n: usize, address: SocketAddr) {
        self.addresses.lock().unwrap()[n] = address;
    }

    /// How many requests were answered, and what went wrong with the others.
    async fn finish(self) -> (u32, Vec<String>) {
        self.stop.store(true, Ordering::SeqCst);
        let seen = self.tasks.join_all().await;
        (seen.iter().map(|(count, _)| count).sum(), seen.into_iter().flat_map(|(_, lost)| lost).collect())
    }
}

async fn ask_on(
    addresses: Arc<Mutex<Vec<SocketAddr>>>,
    stop: Arc<AtomicBool>,
    key: String,
) -> (u32, Vec<String>) {
    // A connection for each request: one that is kept may be closed while the next request is on its way.
    let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
    let (mut count, mut lost) = (0, Vec::new());
    for n in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let address = addresses.lock().unwrap()[n % 3];
        let request = client.get(format!("http://{address}/api/account/keys")).bearer_auth(&key);
        match request.send().await {
            Ok(answer) if answer.status() == 200 => count += 1,
            Ok(answer) => lost.push(answer.status().to_string()),
            Err(error) if error.is_connect() => {}
            Err(error) => lost.push(format!("{error:?}")),
        }
    }
    (count, lost)
}

/// Each is replaced by a new one while requests go on: none is lost, and no revoked key passes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_loses_nothing() {
    let programs = Programs::new();
    let mut running = vec![programs.start().await, programs.start().await, programs.start().await];
    let good = made(&running[0].master()).await;
    let load = Load::start(&running, &good);
    for n in 0..3 {
        let new = programs.start().await;
        load.replace(n, new.address);
        let dead = made(&new.master()).await;
        let answer = deleted(&running[(n + 1) % 3].master(), &dead).await;
        assert_eq!((field(&answer, "applied"), field(&answer, "lapsed")), (4, 0));
        let mut old = std::mem::replace(&mut running[n], new);
        old.signal("TERM");
        assert!(old.wait().success());
        let answer = deleted(&running[(n + 2) % 3].master(), &made(&running[n].master()).await).await;
        assert_eq!((field(&answer, "applied"), field(&answer, "lapsed")), (3, 0), "it left in order");
        for program in &running {
            assert_eq!(code(program, &good).await, "VALID");
            assert_eq!(code(program, &dead).await, "REVOKED");
        }
    }
    let (count, lost) = load.finish().await;
    assert_eq!(lost, Vec::<String>::new(), "beside {count} that were answered");
    assert!(count > 20, "{count}");
}
