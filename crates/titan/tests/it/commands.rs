//! `titan keys …`: the real program asks a real Titan.

use crate::support::TestApp;
use crate::support::app::{MASTER_KEY, MadeKey};
use crate::support::program::{stderr, titan};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

/// A Titan with keys, and the program that asks it.
struct Asked {
    app: TestApp,
    folder: tempfile::TempDir,
}

impl Asked {
    /// Keys of these labels and lifetimes, in this order.
    async fn start(keys: &[(&str, u32)]) -> Self {
        let app = TestApp::start().await;
        for (label, days) in keys {
            let body = json!({ "label": label, "lifetimeDays": days, "scopes": ["tasks:read"] });
            app.master().post("/admin/keys", body).await.expect(201);
        }
        Self { app, folder: tempfile::tempdir().unwrap() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = titan(self.folder.path(), &["keys"]);
        command.args(arguments).env("MASTER_KEY", MASTER_KEY);
        command.env("TITAN_URL", format!("http://{}", self.app.address));
        command
    }

    /// Runs to the end, while the Titan of this test goes on answering.
    async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    async fn printed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    async fn labels(&self, arguments: &[&str]) -> Vec<String> {
        let printed = self.printed(&[&["list", "--json"], arguments].concat()).await;
        let keys: Vec<Value> = serde_json::from_str(&printed).unwrap();
        keys.iter().map(|key| key["label"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_filtered_and_sorted() {
    let asked = Asked::start(&[("prod a", 3), ("prod b", 1), ("ci", 2)]).await;
    assert_eq!(asked.labels(&[]).await, ["ci", "prod b", "prod a"]);
    assert_eq!(asked.labels(&["--label", "PROD"]).await, ["prod b", "prod a"]);
    assert_eq!(asked.labels(&["--sort", "expires"]).await, ["prod b", "ci", "prod a"]);
    assert_eq!(asked.labels(&["--sort", "expires", "--order", "desc"]).await, ["prod a", "ci", "prod b"]);
    assert_eq!(asked.labels(&["--sort", "last-used", "--limit", "1"]).await, ["prod a"]);
    assert_eq!(asked.labels(&["--expires-before", "2999-01-01"]).await, ["prod b", "ci", "prod a"]);
    assert_eq!(asked.labels(&["--expires-before", "2020-01-01T00:00:00Z"]).await, [""; 0]);
    assert_eq!(asked.labels(&["--last-used-before", "2020-01-01", "--label", "ci"]).await, ["ci"]);
    assert_eq!(asked.labels(&["--scope", "tasks:read", "--created-by", "master"]).await.len(), 3);
    assert_eq!(asked.labels(&["--scope", "*"]).await, [""; 0]);
    let output = asked.run(&["list", "--expires-before", "soon"]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("must be a day (2026-01-31)"), "{}", stderr(&output));
    let output = asked.run(&["list", "--scope", "no:such"]).await;
    assert!(
        !output.status.success() && stderr(&output).contains("unknown scope: no:such"),
        "{}",
        stderr(&output)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_keys_come_part_by_part_as_one_table_or_one_array() {
    let asked =
        Asked::start(&[("first", 1), ("second", 1), ("a longer label", 1), ("x", 1), ("last", 1)]).await;
    let newest_first = ["last", "x", "a longer label", "second", "first"];
    for limit in ["1", "2", "5", "1000"] {
        assert_eq!(asked.labels(&["--all", "--limit", limit]).await, newest_first);
    }
    let printed = asked.printed(&["list", "--all", "--limit", "2"]).await;
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 6, "{printed}");
    assert!(lines[0].starts_with("ID ") && lines[1].contains("  last"), "{printed}");
    assert_eq!(lines[0].find("LABEL"), lines[5].find("first"), "columns stay in line: {printed}");
    let output = asked.run(&["list", "--limit", "2"]).await;
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 3);
    assert_eq!(stderr(&output), "There are more: --all shows them.\n");
    assert_eq!(stderr(&asked.run(&["list", "--limit", "5"]).await), "");
    assert_eq!(asked.printed(&["list", "--all", "--label", "none of these"]).await, "No keys.\n");
    assert_eq!(asked.printed(&["list", "--all", "--json", "--label", "none of these"]).await, "[]\n");
}

/// `titan keys list --all | head -1`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_has_read_enough_ends_the_list_quietly() {
    let asked = Asked::start(&[("first", 1), ("second", 1), ("third", 1)]).await;
    for json in [&["--json"][..], &[]] {
        let arguments = [&["list", "--all", "--limit", "1"], json].concat();
        let mut command = asked.command(&arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap();
            let mut line = String::new();
            BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
            child.wait_with_output().unwrap()
        });
        let output = output.await.unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_keys_of_a_maker_are_revoked_after_a_yes() {
    let asked = Asked::start(&[]).await;
    let maker = asked.app.key(&["*"]).await;
    let body = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["*"] });
    let made = asked.app.holder(&maker).post("/api/account/keys", body.clone()).await.expect(201);
    let child = MadeKey::of(&made);
    let made = asked.app.holder(&child).post("/api/account/keys", body).await.expect(201);
    let grandchild = MadeKey::of(&made);
    let output = asked.run(&["revoke-all", "--created-by", &maker.id]).await;
    assert!(!output.status.success() && stderr(&output).contains("say --yes"), "{}", stderr(&output));
    assert_eq!(asked.app.code(&child).await, "VALID");
    let printed = asked.printed(&["revoke-all", "--created-by", &maker.id, "--yes"]).await;
    assert!(
        printed.starts_with("1 key is permanently revoked.\nIn force everywhere: revision "),
        "{printed}"
    );
    assert_eq!(
        (asked.app.code(&child).await, asked.app.code(&grandchild).await),
        ("REVOKED".to_owned(), "VALID".to_owned())
    );
    let printed =
        asked.printed(&["revoke-all", "--created-by", &maker.id, "--descendants", "--yes", "--json"]).await;
    assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), json!({ "revoked": 1 }));
    assert_eq!(
        (asked.app.code(&grandchild).await, asked.app.code(&maker).await),
        ("REVOKED".to_owned(), "VALID".to_owned())
    );
    let output = asked.run(&["revoke-all", "--yes"]).await;
    assert_eq!(output.status.code(), Some(2), "the maker must be named");
    let output = asked.run(&["revoke-all", "--created-by", &maker.text, "--yes"]).await;
    assert!(!output.status.success() && !stderr(&output).contains(&maker.text), "a key is not repeated");
}
