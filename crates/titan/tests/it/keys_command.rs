//! `titan keys` against a running Titan.

use crate::support::app::MASTER_KEY;
use crate::support::program::{Program, run, stderr, titan};
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

/// `titan keys …` with the master key, and with `input` on standard input.
async fn keys(folder: &Path, program: &Program, arguments: &[&str], input: &str) -> Output {
    let mut command = titan(folder, &[&["keys"], arguments].concat());
    command.env("MASTER_KEY", MASTER_KEY).env("TITAN_URL", format!("http://{}", program.address));
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

const CREATE: [&str; 8] = ["create", "--label", "x", "--days", "1", "--scope", "keys:manage", "--key-only"];

#[tokio::test]
async fn key_only_prints_the_key_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &[]).await;
    let made = stdout(&keys(folder.path(), &program, &CREATE, "").await);
    let key = made.strip_suffix('\n').unwrap();
    program.role(key).get("/api/account/keys").await.expect(200);
    let rotated = keys(folder.path(), &program, &["rotate", "-", "--key-only"], &made).await;
    assert!(stderr(&rotated).starts_with("In force everywhere: revision "), "{rotated:?}");
    program.role(key).get("/api/account/keys").await.expect(401);
    program.role(stdout(&rotated).trim_end()).get("/api/account/keys").await.expect(200);
}

/// An id is no secret: whoever knows one can write it into a text that looks like a key.
#[tokio::test]
async fn a_forged_key_on_standard_input_touches_nobodys_key() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &[]).await;
    let made = stdout(&keys(folder.path(), &program, &CREATE, "").await);
    let good = made.trim_end();
    let last = if good.ends_with('A') { "E" } else { "A" };
    let forged = format!("{}{last}", &good[..good.len() - 1]);
    for text in [&forged, "", "nonsense"] {
        let output = keys(folder.path(), &program, &["delete", "-", "--yes"], text).await;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(stderr(&output).contains("Titan did not issue this key"), "{output:?}");
        assert!(text.is_empty() || !stderr(&output).contains(text), "the text is not repeated");
    }
    program.role(good).get("/api/account/keys").await.expect(200);
    let output = keys(folder.path(), &program, &["delete", "-", "--yes"], good).await;
    assert!(stdout(&output).contains("is revoked for good"), "{output:?}");
    program.role(good).get("/api/account/keys").await.expect(401);
}

#[tokio::test]
async fn an_unknown_scope_is_answered_with_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &[]).await;
    let create = ["create", "--label", "x", "--days", "1", "--scope", "sesions:read"];
    let output = keys(folder.path(), &program, &create, "").await;
    let expected = "unknown scope: sesions:read; did you mean sessions:read? (400 invalid_request)";
    assert!(stderr(&output).contains(expected), "{output:?}");
}

#[test]
fn a_key_is_not_taken_as_an_argument() {
    let folder = tempfile::tempdir().unwrap();
    let key = format!("whm_{}", "0".repeat(32));
    let output = run(folder.path(), &["keys", "rotate", &key], &[("MASTER_KEY", MASTER_KEY)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("Use -") && !stderr(&output).contains(&key), "{output:?}");
}
