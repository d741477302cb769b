//! kill -9 at random points of a write load: what was acknowledged is there, nothing is half-made, and no revoked
//! key is accepted from the first moment on.
//!
//! 200 kills in all, in four tests so that they run beside each other. On PostgreSQL they are fewer: there, the first change
//! after a kill waits until the lease of the killed instance has ended.

use crate::support::app::MadeKey;
use crate::support::program::Program;
use crate::support::{Role, database};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;

const KILLS: u64 = 50;
const KILLS_ON_POSTGRES: u64 = 9;
/// New keys that are acknowledged before each kill.
const FEWEST_KEYS: usize = 8;
const WRITERS: u64 = 4;

/// What the answers said, over all rounds.
#[derive(Default)]
struct Ledger {
    /// Keys that must be good.
    live: HashMap<String, String>,
    /// Keys that must be dead.
    dead: HashMap<String, String>,
    /// A change was asked for and not answered: either is right.
    open: HashMap<String, String>,
}

type Shared = Arc<Mutex<Ledger>>;

/// A small generator, seeded: a failure can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

fn body() -> Value {
    json!({ "label": "x", "lifetimeDays": 1, "scopes": ["keys:manage"] })
}

/// Sends; `None` if the program died over it.
async fn send(role: &Role, method: &str, path: &str, body: Option<Value>) -> Option<(u16, Value)> {
    let request = role.request(method, path);
    let request = match &body {
        Some(body) => request.json(body),
        None => request,
    };
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    let text = answer.text().await.ok()?;
    Some((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
}

fn made(value: &Value) -> MadeKey {
    let text = |field: &str| value["data"][field].as_str().unwrap().to_owned();
    MadeKey { id: text("id"), text: text("key") }
}

/// Takes some live key out of the ledger: until its change is answered, it is open.
fn pick(ledger: &Shared, random: &mut Random) -> Option<MadeKey> {
    let mut ledger = ledger.lock().unwrap();
    let count = u64::try_from(ledger.live.len()).unwrap();
    let place = usize::try_from(random.next(count.max(1))).unwrap();
    let id = ledger.live.keys().nth(place)?.clone();
    let text = ledger.live.remove(&id)?;
    ledger.open.insert(id.clone(), text.clone());
    Some(MadeKey { id, text })
}

fn record(ledger: &Shared, id: &str, into: impl FnOnce(&mut Ledger, String)) {
    let mut ledger = ledger.lock().unwrap();
    let text = ledger.open.remove(id).unwrap();
    into(&mut ledger, text);
}

/// Creates, rotates and deletes until the program is gone.
async fn write(master: Role, ledger: Shared, mut random: Random) {
    loop {
        match random.next(4) {
            0 | 1 => {
                let Some((status, value)) = send(&master, "POST", "/admin/keys", Some(body())).await else {
                    return;
                };
                assert_eq!(status, 201, "{value}");
                let key = made(&value);
                ledger.lock().unwrap().live.insert(key.id, key.text);
            }
            2 => {
                let Some(old) = pick(&ledger, &mut random) else { continue };
                let path = format!("/admin/keys/{}/rotate", old.id);
                let Some((status, value)) = send(&master, "POST", &path, None).await else { return };
                assert_eq!(status, 200, "{value}");
                let new = made(&value);
                record(&ledger, &old.id, |ledger, text| {
                    ledger.dead.insert(old.id.clone(), text);
                    ledger.live.insert(new.id, new.text);
                });
            }
            _ => {
                let Some(key) = pick(&ledger, &mut random) else { continue };
                let path = format!("/admin/keys/{}", key.id);
                let Some((status, value)) = send(&master, "DELETE", &path, None).await else { return };
                assert_eq!(status, 204, "{value}");
                record(&ledger, &key.id, |ledger, text| {
                    ledger.dead.insert(key.id.clone(), text);
                });
            }
        }
    }
}

/// Presents dead keys from the moment the process exists until it is ready: none may be accepted.
async fn try_dead_keys(program: &Program, dead: Vec<String>) {
    let mut answered = 0;
    while answered < 20 {
        for text in &dead {
            match send(&program.role(text), "GET", "/api/account/keys", None).await {
                None => tokio::time::sleep(Duration::from_millis(1)).await,
                Some((status, _)) => {
                    assert_eq!(status, 401, "a revoked key was accepted after a restart");
                    answered += 1;
                }
            }
        }
    }
}

async fn check(program: &Program, ledger: &Shared) {
    let (live, dead) = {
        let ledger = ledger.lock().unwrap();
        let sample = |keys: &HashMap<String, String>| keys.clone().into_iter().take(60).collect::<Vec<_>>();
        (sample(&ledger.live), sample(&ledger.dead))
    };
    for (id, text) in live {
        let (status, value) =
            send(&program.role(&text), "GET", &format!("/api/account/keys/{id}"), None).await.unwrap();
        assert_eq!(
            (status, value["data"]["id"].as_str()),
            (200, Some(&*id)),
            "an acknowledged key is lost: {value}"
        );
    }
    for (_, text) in dead {
        let (status, _) = send(&program.role(&text), "GET", "/api/account/keys", None).await.unwrap();
        assert_eq!(status, 401, "an acknowledged revocation is lost");
    }
}

/// Open changes were made or not; what is there now must be whole, and is known from now on.
async fn resolve(program: &Program, ledger: &Shared) {
    let open: Vec<_> = ledger.lock().unwrap().open.drain().collect();
    for (id, text) in open {
        let (status, _) = send(&program.role(&text), "GET", "/api/account/keys", None).await.unwrap();
        let mut ledger = ledger.lock().unwrap();
        match status {
            200 => ledger.live.insert(id, text),
            401 => ledger.dead.insert(id, text),
            other => panic!("{id} is neither good nor dead: {other}"),
        };
    }
}

/// All that is in the database: each row has its key, and the audit log is unbroken and tells of each.
async fn audit(folder: &std::path::Path) {
    let (location, seal) = database::open(folder);
    let entropy = Arc::new(titan::system::SystemEntropy);
    let clock = titan::system::SystemClock;
    let (store, _) = titan_store::connect(&location, seal, &[], &clock, entropy).await.unwrap();
    let rows = store.audit_after(0, u32::MAX).await.unwrap();
    assert_eq!(titan_core::audit::first_break(titan_core::audit::GENESIS, &rows), None);
    let told: std::collections::HashSet<&str> =
        rows.iter().filter(|row| row.fields[2] == "key.create").map(|row| row.fields[3].as_str()).collect();
    let filter = titan_core::key::KeyFilter { limit: u32::MAX, ..titan_core::key::KeyFilter::default() };
    for key in store.keys(&filter).await.unwrap().keys {
        let is_told = told.contains(key.id.to_string().as_str());
        assert!(is_told || key.rotated_from.is_some(), "{} has no audit row", key.id);
        if let Some(old) = key.rotated_from {
            assert!(store.key(old).await.unwrap().unwrap().revoked_at.is_some(), "half a rotation");
        }
    }
}

/// How many keys were ever acknowledged, but for those that are open.
fn known(ledger: &Shared) -> usize {
    let ledger = ledger.lock().unwrap();
    ledger.live.len() + ledger.dead.len()
}

async fn kill_many_times(seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Shared::default();
    let mut random = Random(seed);
    let kills = if database::is_postgres() { KILLS_ON_POSTGRES } else { KILLS };
    for round in 0..=kills {
        let mut program = Program::spawn(folder.path(), &[]);
        let dead: Vec<String> = ledger.lock().unwrap().dead.values().take(20).cloned().collect();
        if !dead.is_empty() {
            try_dead_keys(&program, dead).await;
        }
        program.wait_until_ready().await;
        resolve(&program, &ledger).await;
        check(&program, &ledger).await;
        if round == kills {
            break;
        }
        let before = known(&ledger);
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let random = Random(seed ^ (round * WRITERS + writer + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            writers.spawn(write(program.master(), Arc::clone(&ledger), random));
        }
        tokio::time::sleep(Duration::from_millis(5 + random.next(80))).await;
        // On a slow disk nothing may have been acknowledged yet, and the kill would prove nothing.
        while known(&ledger) < before + FEWEST_KEYS {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        program.kill();
        while let Some(written) = writers.join_next().await {
            written.unwrap();
        }
    }
    let (live, dead) = {
        let ledger = ledger.lock().unwrap();
        (ledger.live.len(), ledger.dead.len())
    };
    let enough = usize::try_from(kills).unwrap();
    assert!(live > enough && dead > enough, "the load wrote too little to prove anything");
    audit(folder.path()).await;
}

#[tokio::test]
async fn many_kills_lose_nothing_1() {
    kill_many_times(0x1111_2222_3333_4444).await;
}

#[tokio::test]
async fn many_kills_lose_nothing_2() {
    kill_many_times(0x5555_6666_7777_8888).await;
}

#[tokio::test]
async fn many_kills_lose_nothing_3() {
    kill_many_times(0x9999_aaaa_bbbb_cccc).await;
}

#[tokio::test]
async fn many_kills_lose_nothing_4() {
    kill_many_times(0xdddd_eeee_ffff_0001).await;
}
