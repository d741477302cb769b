//! `titan import` and `titan keys upgrade`

use super::{FOREIGN, LEGACY, PATH, SESSIONS, sha256};
use crate::support::TestApp;
use crate::support::app::MASTER_KEY;
use crate::support::program::{run, stderr};
use serde_json::{Value, json};
use std::fs::{read_to_string, write};
use std::path::Path;
use std::process::Output;

fn titan(app: &TestApp, folder: &Path, arguments: &[&str]) -> Output {
    let url = format!("http://{}", app.address);
    run(folder, arguments, &[("TITAN_URL", &url), ("MASTER_KEY", MASTER_KEY)])
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_and_json_lines_are_imported_once() {
    let (app, folder) = (TestApp::start().await, tempfile::tempdir().unwrap());
    let folder = folder.path();
    let csv = format!(
        "key,sha256,label,scopes,expiresAt\n{LEGACY},,\"one, of csv\",sessions:read,2099-01-01T00:00:00Z\n\
         ,{},two,\"sessions:read messages:write\",2099-01-01T00:00:00Z\n",
        sha256(FOREIGN)
    );
    write(folder.join("keys.csv"), csv).unwrap();
    let dry = titan(&app, folder, &["import", "keys.csv", "--dry-run"]);
    assert_eq!(
        text(&dry),
        "2 added, 0 known before, 0 refused (a dry run: nothing was changed).\n",
        "{}",
        stderr(&dry)
    );
    app.role(Some(LEGACY)).get(SESSIONS).await.expect(401);
    let first = titan(&app, folder, &["import", "keys.csv", "--results", "results"]);
    assert_eq!(text(&first), "2 added, 0 known before, 0 refused.\n", "{}", stderr(&first));
    for key in [LEGACY, FOREIGN] {
        app.role(Some(key)).get(SESSIONS).await.expect(200);
    }
    let results = read_to_string(folder.join("results")).unwrap();
    let second: Value = serde_json::from_str(results.lines().nth(1).unwrap()).unwrap();
    assert_eq!((&second["row"], &second["status"]), (&json!(2), &json!("added")));
    let again = titan(&app, folder, &["import", "keys.csv", "--json"]);
    let again: Value = serde_json::from_str(&text(&again)).unwrap();
    assert_eq!(again, json!({ "added": 0, "known": 2, "refused": 0 }));

    let list = text(&titan(&app, folder, &["keys", "upgrade"]));
    assert!(list.contains("one, of csv") && list.contains("two"), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_are_named_and_the_others_go_on() {
    let (app, folder) = (TestApp::start().await, tempfile::tempdir().unwrap());
    let folder = folder.path();
    let rows = format!(
        "{{\"key\":\"{LEGACY}\"}}\nnonsense\n{{\"key\":\"short\"}}\n{{\"key\":\"{FOREIGN}\",\"scopes\":[\"no:such\"]}}\n"
    );
    write(folder.join("keys"), rows).unwrap();
    let defaults = ["--label", "old", "--scope", "sessions:read", "--expires", "2099-01-01"];
    let output = titan(&app, folder, &[&["import", "keys"], &defaults[..]].concat());
    assert_eq!(text(&output), "1 added, 0 known before, 3 refused.\n");
    let said = stderr(&output);
    for wrong in ["row 2: ", "row 3: key: must have 16", "row 4: ", "3 rows were refused"] {
        assert!(said.contains(wrong), "{wrong} in {said}");
    }
    assert!(!said.contains(LEGACY) && !said.contains(FOREIGN), "no key is printed: {said}");
    assert!(!output.status.success());
    app.role(Some(LEGACY)).get(SESSIONS).await.expect(200);

    write(folder.join("one"), "nonsense").unwrap();
    let said = stderr(&titan(&app, folder, &[&["import", "one"], &defaults[..]].concat()));
    assert!(said.contains("1 row was refused"), "{said}");

    write(folder.join("keys.csv"), "key,colour\nx,y\n").unwrap();
    let output = titan(&app, folder, &["import", "keys.csv"]);
    assert!(stderr(&output).contains("column `colour`: is unknown"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_go_in_pieces_and_a_run_can_go_on() {
    let (app, folder) = (TestApp::start().await, tempfile::tempdir().unwrap());
    let folder = folder.path();
    let rows: String =
        (0..1200).map(|n| format!("{{\"key\":\"key of row {n:05}\"}}\n").replace(' ', "-")).collect();
    write(folder.join("keys"), rows).unwrap();
    let defaults = ["--label", "old", "--scope", "*", "--expires", "2099-01-01"];
    let output = titan(&app, folder, &[&["import", "keys", "--from", "201"], &defaults[..]].concat());
    assert_eq!(text(&output), "1000 added, 0 known before, 0 refused.\n", "{}", stderr(&output));
    let output = titan(&app, folder, &[&["import", "keys"], &defaults[..]].concat());
    assert_eq!(text(&output), "200 added, 1000 known before, 0 refused.\n", "{}", stderr(&output));
    app.role(Some("key-of-row-01199")).get(SESSIONS).await.expect(200);
    let page = app.master().get(&format!("{PATH}?limit=1000")).await.expect(200);
    assert_eq!(page.at("/data").as_array().unwrap().len(), 1000);
    let all = titan(&app, folder, &["keys", "upgrade", "--all", "--json"]);
    assert_eq!(text(&all).matches("\"id\"").count(), 1200);
    let audited = app.master().get("/admin/audit?action=key.import&limit=1").await.expect(200);
    assert_eq!(audited.at("/data").as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_it_says_where_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("keys"), format!("{{\"key\":\"{LEGACY}\",\"label\":\"a\",\"scopes\":[\"*\"],\"expiresAt\":\"2099-01-01T00:00:00Z\"}}\n")).unwrap();
    let environment = [("TITAN_URL", "http://127.0.0.1:1"), ("MASTER_KEY", MASTER_KEY)];
    let output = run(folder.path(), &["import", "keys"], &environment);
    assert!(stderr(&output).contains("stopped at row 1"), "{}", stderr(&output));
    assert!(stderr(&output).contains("go on with --from 1"));
}
