//! `titan migrate`, as a process: from an embedded database to PostgreSQL, whatever engine this run is about.

use crate::support::app::{MASTER_KEY, MadeKey};
use crate::support::database::{SEAL_KEY, new_postgres};
use crate::support::program::{EMBEDDED, Program, run, stderr, titan};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use titan::system::{SystemClock, SystemEntropy};
use titan_core::audit::{Entry, GENESIS, first_break};
use titan_core::entropy::{Entropy, random};
use titan_core::key::{Creator, Key, KeyFilter};
use titan_core::port::Store;
use titan_core::revision::{Change, KeyStatus, Revision};
use titan_core::tenant::DEFAULT;
use titan_core::time::Clock;
use titan_store::{Location, SealKey, connect};
use titan_token::{KeyId, Prefix, ScopeBit, Slot, Uuid};

const FROM: &str = EMBEDDED.1;
/// What the server of the tests does not ask for.
const PASSWORD: &str = "sekret-of-the-database";

/// A database, with a password in its URL.
fn target() -> String {
    new_postgres().replacen('@', &format!(":{PASSWORD}@"), 1)
}

/// Runs the command. It must not say the password.
fn migrate(folder: &Path, to: &str, options: &[&str]) -> Output {
    let output = run(folder, &[&["migrate", "--from", FROM, "--to", to], options].concat(), &[]);
    let said = format!("{}{}", stderr(&output), String::from_utf8_lossy(&output.stdout));
    assert!(!said.contains(PASSWORD), "{said}");
    output
}

/// Titan on what was moved.
async fn start_on(folder: &Path, to: &str) -> Program {
    let seal = folder.join("titan-data/titan.db.seal-key").display().to_string();
    let environment = [(EMBEDDED.0, to), ("TITAN_SEAL_KEY_FILE", seal.as_str())];
    Program::start(folder, &environment).await
}

async fn code(program: &Program, key: &MadeKey) -> String {
    program.master().post("/auth/verify", json!({ "key": key.text })).await.text_at("/data/code")
}

/// Page by page, as the API shows them.
async fn pages(program: &Program, query: &str) -> Vec<Value> {
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let answer = program.master().get(&format!("/admin/keys?limit=7&{query}{cursor}")).await.expect(200);
        pages.push(answer.at("/data"));
        match answer.json()["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return pages,
        }
    }
}

async fn lists(program: &Program) -> Vec<Vec<Value>> {
    let mut lists = Vec::new();
    for query in ["", "sort=expires", "label=key%201", "active=false", "createdBy=master&sort=lastUsed"] {
        lists.push(pages(program, query).await);
    }
    lists
}

#[tokio::test]
async fn an_installation_moves_with_its_keys_and_revocations() {
    let folder = tempfile::tempdir().unwrap();
    let to = target();
    let mut program = Program::start(folder.path(), &[EMBEDDED]).await;
    let tenant = program.master().post("/admin/tenants", json!({ "name": "acme" })).await.expect(201);
    let mut keys = Vec::new();
    for n in 0..30 {
        let tenant = if n % 2 == 0 { 1 } else { tenant.at("/data/id").as_u64().unwrap() };
        let body = json!({ "label": format!("key {n}"), "lifetimeDays": n + 1, "scopes": ["sessions:read"],
            "tenantId": tenant });
        keys.push(MadeKey::of(&program.master().post("/admin/keys", body).await.expect(201)));
        if n == 15 {
            program.master().post("/admin/signing-keys", json!({})).await.expect(201);
        }
    }
    let path = |n: usize| format!("/admin/keys/{}", keys[n].id);
    program.master().delete(&path(3)).await.expect(204);
    program.master().patch(&path(4), json!({ "isActive": false })).await.expect(200);
    let rotated = program.master().post(&format!("{}/rotate", path(5)), json!({})).await.expect(200);
    keys.push(MadeKey::of(&rotated));
    let mut codes = Vec::new();
    for key in &keys {
        codes.push(code(&program, key).await);
    }
    // The last uses are written at the end, and the lists show them.
    program.signal("TERM");
    program.wait();
    let mut program = Program::start(folder.path(), &[EMBEDDED]).await;
    let before = lists(&program).await;
    let refused = migrate(folder.path(), &to, &[]);
    assert!(stderr(&refused).contains("Titan runs on this database; stop it first"), "{refused:?}");
    program.signal("TERM");
    program.wait();

    let moved = migrate(folder.path(), &to, &["--json"]);
    assert!(moved.status.success(), "{moved:?}");
    assert!(stderr(&moved).contains("copying key: ") && stderr(&moved).contains("comparing audit: 100 %"));
    let object: Value = serde_json::from_slice(&moved.stdout).unwrap();
    let rows = |name| object["tables"].as_array().unwrap().iter().find(|t| t["table"] == name).unwrap();
    assert_eq!((&rows("key")["rows"], &rows("tenant")["rows"]), (&json!(31), &json!(2)), "{object}");
    let seal = object["environment"]["TITAN_SEAL_KEY_FILE"].as_str().unwrap();
    assert!(seal.starts_with('/') && Path::new(seal).is_file(), "{object}");

    let served = run(folder.path(), &["serve"], &[EMBEDDED, ("MASTER_KEY", MASTER_KEY)]);
    let text = stderr(&served);
    assert!(!served.status.success() && !text.contains(PASSWORD), "{text}");
    let shown = to.replace(&format!(":{PASSWORD}"), "");
    assert!(
        text.contains(&format!("was moved to {shown}")) && text.contains("titan migrate --undo"),
        "{text}"
    );

    let program = start_on(folder.path(), &to).await;
    // Before the checks below, which are uses.
    assert_eq!(lists(&program).await, before);
    for (key, code_before) in keys.iter().zip(&codes) {
        assert_eq!(&code(&program, key).await, code_before);
    }
    assert!(
        ["VALID", "REVOKED", "DISABLED"].iter().all(|code| codes.contains(&(*code).to_owned())),
        "{codes:?}"
    );
}

#[tokio::test]
async fn a_move_is_undone_after_a_question() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path(), &[EMBEDDED]).await;
    program.signal("TERM");
    program.wait();
    let moved = migrate(folder.path(), &target(), &[]);
    let text = String::from_utf8_lossy(&moved.stdout).into_owned();
    assert!(text.contains("TITAN_DATABASE_URL=postgres://titan@"), "{text}");
    assert!(text.contains("titan-data/titan.db.seal-key"), "{text}");
    let undo = ["migrate", "--undo", "--from", FROM];
    let asked = run(folder.path(), &undo, &[]);
    assert!(stderr(&asked).contains("--yes"), "{asked:?}");
    assert!(!run(folder.path(), &["serve"], &[EMBEDDED, ("MASTER_KEY", MASTER_KEY)]).status.success());
    let undone = run(folder.path(), &[undo.as_slice(), &["--yes"]].concat(), &[]);
    assert!(undone.status.success(), "{undone:?}");
    Program::start(folder.path(), &[EMBEDDED]).await.kill();
    let again = run(folder.path(), &[undo.as_slice(), &["--yes"]].concat(), &[]);
    assert!(stderr(&again).contains("was not moved"), "{again:?}");
}

#[test]
fn bad_ends_of_a_move_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let says = |from: &str, to: &str, expected: &str| {
        let output = run(folder.path(), &["migrate", "--from", from, "--to", to], &[]);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(expected) && !text.contains(PASSWORD), "{text}");
    };
    let postgres = format!("postgres://titan:{PASSWORD}@127.0.0.1:1/titan");
    says("sqlite://no.db", &postgres, "no.db: there is no such file");
    says(&postgres, "sqlite://no.db", "a move is from SQLite to PostgreSQL");
    says("titan.db", &postgres, "--from: must be sqlite://");
    says("sqlite://no.db", &postgres[3..], "--to: must be sqlite://");
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "nothing was written");
}

async fn open(folder: &Path, to: Option<&str>) -> Arc<dyn Store> {
    let url = to.map_or_else(|| format!("sqlite://{}", folder.join("titan.db").display()), str::to_owned);
    let (location, seal) = (Location::parse(&url).unwrap(), SealKey::from_base64(SEAL_KEY).unwrap());
    connect(&location, seal, &[], &SystemClock, Arc::new(SystemEntropy)).await.unwrap().0
}

/// A database with so many keys, each with a change and a row of the audit log.
async fn fill(folder: &Path, keys: u64) {
    let store = open(folder, None).await;
    let (entropy, now) = (SystemEntropy, SystemClock.now());
    let entropy: &dyn Entropy = &entropy;
    let mut tx = store.begin().await.unwrap();
    for n in 0..keys {
        let id = KeyId::new(Uuid::v7(1_700_000_000_000 + n, random(entropy)));
        let key = Key {
            id,
            tenant: DEFAULT,
            prefix: Prefix::Standard,
            slot: Slot::new(0).unwrap(),
            label: format!("key number {n} of many"),
            scopes: [0, 5, 9].into_iter().filter_map(ScopeBit::new).collect(),
            created_at: now,
            expires_at: now.plus_secs(86_400),
            is_active: true,
            revoked_at: n.is_multiple_of(4).then_some(now),
            rotated_at: None,
            retires_at: None,
            created_by: Creator::Master,
            is_suspended: false,
            rate_limit: None,
            limited_as: None,
            rotated_from: None,
            last_used_at: None,
        };
        tx.add_key(&key).await.unwrap();
        let status = KeyStatus { is_revoked: key.revoked_at.is_some(), ..KeyStatus::default() };
        tx.record_change(&Change::Key(id, status)).await.unwrap();
        let entry = Entry::by_system(now, "key.create", id.to_string(), json!({ "label": key.label }));
        tx.add_audit(&entry).await.unwrap();
    }
    tx.commit().await.unwrap();
    drop(store);
    fold_log(folder).await;
}

/// Waits until the write-ahead log is in the file of the database, so that a copy of the file is whole. The last
/// connection that closes does it. Two that close at the same moment leave it to each other, so another one tries.
async fn fold_log(folder: &Path) {
    let log = folder.join("titan.db-wal");
    loop {
        let end = Instant::now() + Duration::from_secs(1);
        while Instant::now() < end {
            if !log.exists() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        drop(open(folder, None).await);
    }
}

async fn assert_complete(folder: &Path, to: &str, keys: u64) {
    let store = open(folder, Some(to)).await;
    let mut count = 0;
    let mut filter = KeyFilter { limit: 1000, now: Some(SystemClock.now()), ..KeyFilter::default() };
    loop {
        let page = store.keys(&filter).await.unwrap();
        count += page.keys.len();
        filter.after = page.next;
        if filter.after.is_none() {
            break;
        }
    }
    assert_eq!(u64::try_from(count).unwrap(), keys - keys / 4, "keys that are not revoked");
    let log = store.changes_after(Revision(0), u32::MAX).await.unwrap();
    assert_eq!(log.head, Revision(keys));
    assert_eq!(u64::try_from(log.list.decode().unwrap().len()).unwrap(), keys);
    let audit = store.audit_after(0, u32::MAX).await.unwrap();
    assert_eq!((u64::try_from(audit.len()).unwrap(), first_break(GENESIS, &audit)), (keys, None));
}

/// The whole move in a process that is killed after such a time, again and again, each time a little later. Returns
/// how often it was.
async fn migrate_and_kill(folder: &Path, to: &str, step: Duration) -> u32 {
    let mut time = Duration::ZERO;
    for kills in 0.. {
        // By an eighth more: a busy machine may need seconds to begin.
        time += step + time / 8;
        let arguments = ["migrate", "--from", "sqlite://titan.db", "--to", to];
        let mut command = titan(folder, &arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let end = Instant::now() + time;
        while Instant::now() < end && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let has_ended = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        // Killed behind the last commit and before the last word.
        let is_done = stderr(&output).contains("was moved to");
        assert!(!has_ended || output.status.success() || is_done, "{output:?}");
        if has_ended {
            return kills;
        }
    }
    0
}

#[tokio::test]
async fn a_move_that_is_killed_again_and_again_ends_right() {
    const KEYS: u64 = 5_000;
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), KEYS).await;
    for step in [41, 97, 203].map(Duration::from_millis) {
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(folder.path().join("titan.db"), copy.path().join("titan.db")).unwrap();
        let to = target();
        let kills = migrate_and_kill(copy.path(), &to, step).await;
        assert!(kills > 0, "it was never killed");
        assert_complete(copy.path(), &to, KEYS).await;
    }
}

/// The peak of the memory of a process, in KiB.
fn peak(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[tokio::test]
async fn a_large_move_takes_little_memory() {
    const KEYS: u64 = 20_000;
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), KEYS).await;
    let to = target();
    let mut command = titan(folder.path(), &["migrate", "--from", "sqlite://titan.db", "--to", &to]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        most = most.max(peak(child.id()).unwrap_or_default());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(child.wait().unwrap().success());
    assert!((1..100_000).contains(&most), "{most} KiB");
    assert_complete(folder.path(), &to, KEYS).await;
}
