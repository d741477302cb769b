//! The log on standard error.

use crate::support::app::MASTER_KEY;
use crate::support::program::{Program, free_port, titan};
use serde_json::json;
use std::fs;
use std::path::Path;

/// Starts the program, does what makes every line of an ordinary day, and gives what it wrote to a file.
async fn log_of_a_day(folder: &Path, level: &str) -> String {
    let (address, control) = (free_port(), free_port());
    let file = folder.join("err");
    let mut command = titan(folder, &["serve"]);
    command.env("MASTER_KEY", MASTER_KEY).env("TITAN_LISTEN", address.to_string()).env("TITAN_LOG", level);
    command.env("TITAN_ADMIN_LISTEN", control.to_string());
    command.env("TITAN_UPSTREAM", "http://127.0.0.1:1").env("TITAN_POLICY", "whatsapp");
    command.stdout(std::process::Stdio::null()).stderr(fs::File::create(&file).unwrap());
    let mut program = Program::of(command.spawn().unwrap(), address);
    program.wait_until_ready().await;
    let master = crate::support::Role::new(&format!("http://{control}"), Some(MASTER_KEY));
    let body = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["*"] });
    let made = master.post("/admin/keys", body).await.expect(201);
    program.role(&made.text_at("/data/key")).get("/api/sessions").await.expect(502);
    master.get("/health/live").await.expect(200);
    master.get(&format!("/admin/keys/{}", made.text_at("/data/key"))).await.expect(404);
    program.signal("HUP");
    while !fs::read_to_string(&file).unwrap().contains("read again") {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    program.signal("TERM");
    assert_eq!(program.wait().code(), Some(0));
    fs::read_to_string(file).unwrap()
}

#[tokio::test]
async fn a_file_holds_no_colour_and_no_word_of_a_programming_language() {
    let folder = tempfile::tempdir().unwrap();
    let log = log_of_a_day(folder.path(), "titan=debug,titan_edge=debug,info").await;
    assert!(log.lines().count() >= 6, "{log}");
    for unwanted in ["\u{1b}", "Some(", "None", "Ok(", "Err("] {
        assert!(!log.contains(unwanted), "{unwanted:?} in {log}");
    }
    assert!(log.contains("ready address=127.0.0.1:") && log.contains(" control=127.0.0.1:"), "{log}");
    assert!(log.contains("path=\"[a key]\""), "{log}");
}

#[tokio::test]
async fn health_probes_are_logged_at_debug() {
    let folder = tempfile::tempdir().unwrap();
    let log = log_of_a_day(folder.path(), "info").await;
    assert!(!log.contains("/health/"), "{log}");
    assert!(log.contains("answered method=\"POST\" path=\"/admin/keys\" status=201"), "{log}");
    let folder = tempfile::tempdir().unwrap();
    let log = log_of_a_day(folder.path(), "info,titan=debug").await;
    assert!(log.contains("/health/live") && log.contains("/health/ready"), "{log}");
}
