//! `titan usage`

use super::{SESSIONS, USAGE, counted, repeat};
use crate::support::TestApp;
use crate::support::app::MASTER_KEY;
use crate::support::program::{stderr, titan};
use serde_json::Value;
use std::process::Output;

async fn run(app: &TestApp, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = titan(folder.path(), &["usage"]);
    command.args(arguments).env("MASTER_KEY", MASTER_KEY).env("TITAN_URL", format!("http://{}", app.address));
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

async fn printed(app: &TestApp, arguments: &[&str]) -> String {
    let output = run(app, arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn usage_is_drawn_over_time_by_group_and_as_json() {
    let app = TestApp::start().await;
    assert_eq!(printed(&app, &[]).await, "No requests.\n");
    let (much, little) = (app.key(&["sessions:read"]).await, app.key(&["tasks:read"]).await);
    repeat(&app.holder(&much), SESSIONS, 6).await;
    repeat(&app.holder(&little), SESSIONS, 2).await;
    counted(&app, USAGE, 8).await;
    let over_time = printed(&app, &[]).await;
    assert!(
        over_time.starts_with("TIME") && over_time.contains("  8 ") && over_time.contains('█'),
        "{over_time}"
    );
    let by_key = printed(&app, &["--group", "key", "--step", "minute"]).await;
    let lines: Vec<_> = by_key.lines().collect();
    assert!(lines[1].starts_with(&format!("{}  6", much.id)), "{by_key}");
    assert!(lines[2].starts_with(&format!("{}  2", little.id)), "{by_key}");
    let json = printed(&app, &["--json", "--group", "code", "--key", &little.id]).await;
    let points: Vec<Value> = serde_json::from_str(&json).unwrap();
    assert_eq!((points.len(), &points[0]["label"]), (1, &"insufficient_scope".into()), "{json}");
    let mistaken = run(&app, &["--from", "2001-01-01", "--step", "minute"]).await;
    assert!(stderr(&mistaken).contains("at most 1500 are shown"), "{mistaken:?}");
    let mistaken = run(&app, &["--from", "yesterday"]).await;
    assert!(stderr(&mistaken).contains("must be a day (2026-01-31) or a time"), "{mistaken:?}");
}
