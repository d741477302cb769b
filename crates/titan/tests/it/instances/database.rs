//! What the database may do to an installation, and what an operator is told.

use super::until;
use crate::support::TestApp;
use crate::support::app::{MASTER_KEY, MadeKey};
use crate::support::database::{SEAL_KEY, new_postgres};
use crate::support::program::{Program, run, stderr};
use crate::support::server::Server;
use crate::support::tls::Ca;
use serde_json::json;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// What `titan serve` says before it gives up.
fn refusal(url: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let environment = [
        ("TITAN_DATABASE_URL", url),
        ("TITAN_SEAL_KEY", SEAL_KEY),
        ("MASTER_KEY", MASTER_KEY),
        ("TITAN_LISTEN", "127.0.0.1:0"),
        ("TITAN_LOG", "off"),
    ];
    let output = run(folder.path(), &["serve"], &environment);
    assert!(!output.status.success());
    let text = stderr(&output);
    assert!(!text.contains("secret") && !text.contains("wrong"), "a password: {text}");
    text
}

#[test]
fn each_refusal_of_the_server_says_what_to_do() {
    let server = Server::start(&[]);
    let text = refusal(&server.url("titan:wrong", "postgres"));
    assert!(text.contains("check the user and the password in TITAN_DATABASE_URL"), "{text}");
    let text = refusal(&server.url("nobody:secret", "postgres"));
    assert!(text.contains("check the user and the password"), "{text}");
    let text = refusal(&server.url("titan:secret", "nothing"));
    assert!(text.contains("the database does not exist; create it"), "{text}");
    let text = refusal("postgres://titan:secret@127.0.0.1:1/postgres");
    assert!(text.contains("is the server running"), "{text}");
    for url in ["postgres://titan:secret@127.0.0.1:x/a", "mysql://titan:secret@127.0.0.1/a"] {
        let text = refusal(url);
        assert!(text.contains("TITAN_DATABASE_URL"), "{url}: {text}");
    }
    server.sql("postgres", "CREATE ROLE weak LOGIN PASSWORD 'secret'");
    let text = refusal(&server.url("weak:secret", "postgres"));
    assert!(text.contains("the user needs the right to create tables"), "{text}");
    server.sql("postgres", "ALTER ROLE titan SET synchronous_commit = off");
    let text = refusal(&server.url("titan:secret", "postgres"));
    assert!(text.contains("synchronous_commit"), "{text}");
}

#[test]
fn a_server_that_cannot_serve_says_so() {
    let small = Server::start(&["max_connections=2", "superuser_reserved_connections=0"]);
    let text = refusal(&small.url("titan:secret", "postgres"));
    assert!(text.contains("raise max_connections"), "{text}");
    let server = Server::start(&[]);
    let standby = server.standby();
    let text = refusal(&standby.url("titan:secret", "postgres"));
    assert!(text.contains("is a standby"), "{text}");
}

#[test]
fn a_newer_schema_and_another_seal_key_are_refused() {
    let url = new_postgres();
    let folder = tempfile::tempdir().unwrap();
    let program = start(&folder, &url);
    let psql = |statement: &str| {
        assert!(Command::new("psql").args([&url, "-qc", statement]).status().unwrap().success());
    };
    drop(program);
    let other = [
        ("TITAN_DATABASE_URL", url.as_str()),
        ("TITAN_SEAL_KEY", "//////////////////////////////////////////8="),
        ("MASTER_KEY", MASTER_KEY),
        ("TITAN_LISTEN", "127.0.0.1:0"),
    ];
    let text = stderr(&run(folder.path(), &["serve"], &other));
    assert!(text.contains("the seal key does not belong to this database"), "{text}");
    psql(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
          VALUES (9999, 'x', true, '', 0)",
    );
    let text = refusal(&url);
    assert!(text.contains("a newer Titan created or upgraded this database"), "{text}");
}

fn start(folder: &TempDir, url: &str) -> Program {
    let environment = [("TITAN_DATABASE_URL", url), ("TITAN_SEAL_KEY", SEAL_KEY)];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(Program::start(folder.path(), &environment))
}

#[test]
fn the_server_is_known_by_its_certificate() {
    let (ca, other) = (Ca::new("ca"), Ca::new("other"));
    let server = Server::with_tls(&ca.pair(&["localhost"]));
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, ca: &Ca| {
        let path = folder.path().join(name);
        std::fs::write(&path, &ca.pem).unwrap();
        path.display().to_string()
    };
    let url = |host: &str, ca: &str| {
        let url = server.url("titan:secret", "postgres").replace("127.0.0.1", host);
        format!("{url}?sslmode=verify-full&sslrootcert={ca}")
    };
    let (good, bad) = (file("ca.pem", &ca), file("other.pem", &other));
    for url in [url("localhost", &bad), url("127.0.0.1", &good)] {
        let text = refusal(&url);
        assert!(text.contains("check sslmode and sslrootcert"), "{text}");
    }
    drop(start(&folder, &url("localhost", &good)));
}

/// Another program takes the same locks in the other order. PostgreSQL aborts who notices first, which is Titan: it waits
/// for longer. On a busy machine the other one may begin to wait too late for that; then it is tried once more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_was_a_deadlocks_victim_is_tried_again() {
    let url = new_postgres();
    let app = super::on(&url).await;
    for _ in 0..5 {
        if was_victim(&app, &url).await {
            return;
        }
    }
    panic!("it was always the other one");
}

/// Revokes a key while another program stands in the way. Whether Titan was the victim of the deadlock.
async fn was_victim(app: &TestApp, url: &str) -> bool {
    let key = app.key(&["*"]).await;
    let script = "BEGIN; LOCK TABLE change IN EXCLUSIVE MODE;\n\\echo locked\n\
        DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'change'::regclass) \
            LOOP PERFORM pg_sleep(0.02); END LOOP; END $$;\n\
        SELECT FROM revision_head FOR UPDATE; COMMIT;\n";
    let mut other = Command::new("psql")
        .args([url, "-q", "-v", "ON_ERROR_STOP=1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    other.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(other.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "locked\n");
    let answer = app.master().delete(&format!("/admin/keys/{}", key.id)).await.expect(204);
    assert!(answer.header("titan-revocation").starts_with("rev="), "{answer:?}");
    assert_eq!(app.code(&key).await, "REVOKED");
    // The other one went through.
    other.wait().unwrap().success()
}

/// The server loses its power for longer than any lease.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_database_nothing_is_a_wrong_yes_and_it_comes_back_by_itself() {
    let mut server = Server::start(&[]);
    let url = server.url("titan:secret", "postgres");
    let folder = tempfile::tempdir().unwrap();
    let environment =
        [("TITAN_DATABASE_URL", url.as_str()), ("TITAN_SEAL_KEY", SEAL_KEY), ("TITAN_LOG", "off")];
    let programs = [
        Program::start(folder.path(), &environment).await,
        Program::start(folder.path(), &environment).await,
        Program::start(folder.path(), &environment).await,
    ];
    let body = json!({ "label": "x", "lifetimeDays": 30, "scopes": ["*"] });
    let made = async |n: usize| {
        MadeKey::of(&programs[n].master().post("/admin/keys", body.clone()).await.expect(201))
    };
    let (good, bad) = (made(0).await, made(1).await);
    super::deleted(&programs[2].master(), &bad).await;
    let status = async |program: &Program, key: &MadeKey| {
        let answer = program.master().post("/auth/verify", json!({ "key": key.text })).await;
        (answer.status, if answer.status == 200 { answer.text_at("/data/code") } else { String::new() })
    };
    server.kill();
    let began = std::time::Instant::now();
    let mut refused = 0;
    while began.elapsed() < Duration::from_secs(12) {
        for program in &programs {
            let (code, verdict) = status(program, &bad).await;
            assert!(code == 503 || verdict == "REVOKED", "{code} {verdict}");
            let (code, verdict) = status(program, &good).await;
            assert!(code == 503 || verdict == "VALID", "{code} {verdict}");
            refused += usize::from(code == 503);
            if began.elapsed() > Duration::from_secs(6) {
                assert_eq!(code, 503, "every lease has ended");
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(refused > 0);
    server.restart();
    for program in &programs {
        until("it is back", Duration::from_secs(30), async || {
            status(program, &good).await == (200, "VALID".to_owned())
        })
        .await;
        assert_eq!(status(program, &bad).await, (200, "REVOKED".to_owned()));
    }
    let answer = super::deleted(&programs[0].master(), &good).await;
    for program in &programs {
        assert_eq!(status(program, &good).await.1, "REVOKED", "{answer:?}");
    }
}
