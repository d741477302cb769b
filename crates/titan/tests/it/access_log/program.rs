//! The real program's access log: where it goes, what holds it up, signals.

use crate::support::access_log::{lines, parse, read};
use crate::support::app::MASTER_KEY;
use crate::support::program::{Program, run, stderr, titan};
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const POLICY: (&str, &str) = ("TITAN_POLICY", "whatsapp");
const UPSTREAM: (&str, &str) = ("TITAN_UPSTREAM", "http://127.0.0.1:1");
const TO_FILE: [(&str, &str); 3] = [UPSTREAM, POLICY, ("TITAN_ACCESS_LOG", "access.log")];

/// The program with its standard error in `folder`/err and its standard output in `folder`/out.
async fn start(folder: &Path, environment: &[(&str, &str)]) -> Program {
    let address = crate::support::program::free_port();
    let mut command = titan(folder, &["serve"]);
    command.env("MASTER_KEY", MASTER_KEY).env("TITAN_LISTEN", address.to_string());
    command.envs(environment.iter().copied());
    command.stdout(fs::File::create(folder.join("out")).unwrap());
    command.stderr(fs::File::create(folder.join("err")).unwrap());
    let mut program = Program::of(command.spawn().unwrap(), address);
    program.wait_until_ready().await;
    program
}

fn stop(mut program: Program) {
    program.signal("TERM");
    assert_eq!(program.wait().code(), Some(0));
}

async fn ask(program: &Program, id: &str) {
    let request = program.role("x").request("GET", "/api/sessions").header("x-request-id", id);
    assert_eq!(request.send().await.unwrap().status().as_u16(), 401);
}

/// Sends so many requests on one connection without waiting between them, and reads all answers.
async fn flood(program: &Program, count: usize) {
    const ASK: &str = "GET /api/sessions HTTP/1.1\r\nHost: a\r\n\r\n";
    let stream = TcpStream::connect(program.address).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let sending = tokio::spawn(async move {
        for _ in 0..count / 100 {
            writer.write_all(ASK.repeat(100).as_bytes()).await.unwrap();
        }
        writer
    });
    let mut answered = 0;
    let mut text = String::new();
    let mut piece = vec![0; 1 << 16];
    while answered < count {
        let length = reader.read(&mut piece).await.unwrap();
        assert!(length > 0, "only {answered} answers");
        text.push_str(&String::from_utf8_lossy(&piece[..length]));
        // A line that the end of a piece has cut counts with the next piece, and only there.
        let rest = text.split_off(text.rfind('\n').map_or(0, |end| end + 1));
        answered += text.matches("HTTP/1.1 401").count();
        text = rest;
    }
    drop(sending.await.unwrap());
}

#[tokio::test]
async fn it_goes_to_standard_output_apart_from_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let program = start(folder.path(), &[UPSTREAM, POLICY, ("TITAN_ACCESS_LOG", "stdout")]).await;
    ask(&program, "one").await;
    stop(program);
    let out = fs::read_to_string(folder.path().join("out")).unwrap();
    assert_eq!(parse(&out).len(), 1, "{out}");
    assert!(!fs::read_to_string(folder.path().join("err")).unwrap().contains("one"));
}

#[tokio::test]
async fn without_the_option_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let program = start(folder.path(), &[UPSTREAM, POLICY]).await;
    ask(&program, "one").await;
    stop(program);
    assert_eq!(fs::read_to_string(folder.path().join("out")).unwrap(), "");
    assert!(!fs::read_to_string(folder.path().join("err")).unwrap().contains("one"));
}

#[test]
fn a_file_that_cannot_be_opened_is_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |target: &str| {
        let environment =
            [("MASTER_KEY", MASTER_KEY), ("TITAN_LISTEN", "127.0.0.1:0"), ("TITAN_ACCESS_LOG", target)];
        let output = run(folder.path(), &["serve"], &environment);
        assert_eq!(output.status.code(), Some(1));
        stderr(&output)
    };
    let text = refused("no/such/folder.log");
    assert!(text.contains("access_log: no/such/folder.log: No such file or directory"), "{text}");
    assert!(refused("stderr").contains("access_log: must be `off`, `stdout` or a file"));
}

#[tokio::test]
async fn sigterm_writes_the_last_lines() {
    let folder = tempfile::tempdir().unwrap();
    let program = start(folder.path(), &TO_FILE).await;
    flood(&program, 5_000).await;
    stop(program);
    assert_eq!(read(&folder.path().join("access.log")).len(), 5_000);
}

#[tokio::test]
async fn sighup_goes_on_in_a_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let (file, moved) = (folder.path().join("access.log"), folder.path().join("access.log.1"));
    let program = start(folder.path(), &TO_FILE).await;
    ask(&program, "before").await;
    lines(&file, 1).await;
    fs::rename(&file, &moved).unwrap();
    ask(&program, "between").await;
    lines(&moved, 2).await;
    program.signal("HUP");
    lines(&file, 0).await;
    while !file.exists() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    ask(&program, "after").await;
    assert_eq!(lines(&file, 1).await[0]["request_id"], "after");
    assert_eq!(lines(&moved, 2).await[1]["request_id"], "between");
    stop(program);
}

/// A pipe that nobody reads takes nothing. All requests are answered, and what had no room is counted.
#[tokio::test]
async fn a_writer_that_is_held_up_holds_up_no_request() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Command::new("mkfifo").arg(folder.path().join("access.log")).status().unwrap().success());
    let program = start(folder.path(), &TO_FILE).await;
    flood(&program, 40_000).await;
    stop(program);
    let err = fs::read_to_string(folder.path().join("err")).unwrap();
    assert!(err.contains("40000 access log lines were dropped since the start"), "{err}");
}

#[tokio::test]
async fn a_pipe_gets_what_waited_once_somebody_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("access.log");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let program = start(folder.path(), &TO_FILE).await;
    flood(&program, 1_000).await;
    let reading = std::thread::spawn(move || fs::read_to_string(pipe).unwrap());
    stop(program);
    assert_eq!(parse(&reading.join().unwrap()).len(), 1_000);
}

#[tokio::test]
async fn a_full_disk_is_reported_once_and_holds_up_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let program = start(folder.path(), &[UPSTREAM, POLICY, ("TITAN_ACCESS_LOG", "/dev/full")]).await;
    flood(&program, 3_000).await;
    stop(program);
    let err = fs::read_to_string(folder.path().join("err")).unwrap();
    assert_eq!(err.matches("the access log cannot be written").count(), 1, "{err}");
    assert!(err.contains("3000 access log lines were dropped since the start"), "{err}");
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let address = crate::support::program::free_port();
    let mut command = titan(folder.path(), &["serve"]);
    command.env("MASTER_KEY", MASTER_KEY).env("TITAN_LISTEN", address.to_string());
    command.env("TITAN_ACCESS_LOG", "stdout").env("TITAN_LOG", "off").stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let mut program = Program::of(child, address);
    program.wait_until_ready().await;
    for id in ["one", "two", "three"] {
        let request = program.role("x").request("GET", "/api/sessions").header("x-request-id", id);
        assert_eq!(request.send().await.unwrap().status().as_u16(), 404);
    }
    stop(program);
}

/// At the finest level, the log and the access log together.
#[tokio::test]
async fn no_secret_is_in_either_log() {
    let folder = tempfile::tempdir().unwrap();
    let trace = [TO_FILE[0], TO_FILE[1], TO_FILE[2], ("TITAN_LOG", "trace")];
    let program = start(folder.path(), &trace).await;
    let body = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["*"] });
    let key = program.master().post("/admin/keys", body).await.expect(201).text_at("/data/key");
    let secret = format!("?secret=hush-hush&key={key}");
    program.role(&key).get(&format!("/api/sessions{secret}")).await.expect(502);
    program.role(&key).get(&format!("/api/sessions/{key}{secret}")).await.expect(502);
    program.master().get(&format!("/api/sessions{secret}")).await.expect(403);
    program.master().post("/auth/verify", json!({ "key": key })).await.expect(200);
    stop(program);
    let access = fs::read_to_string(folder.path().join("access.log")).unwrap();
    assert_eq!(parse(&access).len(), 4);
    for secret in [MASTER_KEY, &key, "hush-hush", "secret="] {
        assert!(!access.contains(secret), "a secret is in the access log");
    }
    let log = fs::read_to_string(folder.path().join("err")).unwrap();
    for secret in [MASTER_KEY, &key] {
        assert!(!log.contains(secret), "a secret is in the log");
    }
}
