//! The audit log: what is in it, its list, and what `titan audit verify` finds.

use crate::support::TestApp;
use crate::support::app::MASTER_KEY;
use crate::support::program::{Program, run, stderr};
use crate::support::{Answer, database};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;

async fn rows(app: &TestApp, query: &str) -> Vec<Value> {
    let answer = app.master().get(&format!("/admin/audit{query}")).await.expect(200);
    answer.at("/data").as_array().unwrap().clone()
}

fn sequences(rows: &[Value]) -> Vec<i64> {
    rows.iter().map(|row| row["sequence"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn a_change_says_who_from_where_and_what_was_there_before() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await;
    let path = format!("/admin/keys/{}", key.id);
    let changed = app.master().patch(&path, json!({ "isActive": false })).await.expect(200);
    let row = rows(&app, &format!("?subject={}", key.id)).await.remove(0);
    let request_id = changed.header("x-request-id");
    assert_eq!((&row["actor"], &row["action"]), (&json!("master"), &json!("key.update")));
    assert_eq!((&row["ip"], &row["requestId"]), (&json!("127.0.0.1"), &json!(request_id)));
    assert_eq!(row["detail"]["before"]["isActive"], true);
    assert_eq!(row["detail"]["after"]["isActive"], false);
    assert!(row["at"].as_str().unwrap().ends_with('Z') && row["hash"].as_str().unwrap().len() == 64);
    app.master().delete(&path).await.expect(204);
    let row = rows(&app, "?action=key.delete").await.remove(0);
    assert_eq!(row["detail"]["before"]["isRevoked"], false);
    assert_eq!(row["detail"]["after"]["isRevoked"], true);
    let tenant = app.tenant("acme").await;
    app.master().patch(&format!("/admin/tenants/{tenant}"), json!({ "name": "acme 2" })).await.expect(200);
    let row = rows(&app, &format!("?action=tenant.update&subject={tenant}")).await.remove(0);
    assert_eq!(
        (&row["detail"]["before"]["name"], &row["detail"]["after"]["name"]),
        (&json!("acme"), &json!("acme 2"))
    );
}

#[tokio::test]
async fn a_role_is_there_as_it_was_and_as_it_is() {
    let app = TestApp::start().await;
    let (first, second) = (app.tenant("first").await, app.tenant("second").await);
    let body = json!({ "email": "a@example.com", "password": "a long enough passphrase", "role": "member", "tenantId": first });
    let user = app.master().post("/admin/users", body).await.expect(201).text_at("/data/id");
    let put = async |tenant: u64, role: &str| {
        let path = format!("/admin/tenants/{tenant}/members/{user}");
        app.master().send("PUT", &path, Some(json!({ "role": role }))).await.expect(200);
        rows(&app, "?action=member.put").await.remove(0)["detail"].clone()
    };
    let role = |before: Value, after: &str, tenant: u64| json!({ "tenantId": tenant, "before": before, "after": { "role": after } });
    assert_eq!(put(first, "admin").await, role(json!({ "role": "member" }), "admin", first));
    assert_eq!(put(second, "owner").await, role(Value::Null, "owner", second));
}

#[tokio::test]
async fn the_list_is_walked_and_narrowed() {
    let app = TestApp::start().await;
    let manager = app.key(&["keys:manage"]).await;
    let body = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["keys:manage"] });
    app.holder(&manager).post("/api/account/keys", body).await.expect(201);
    let all = sequences(&rows(&app, "").await);
    assert_eq!(all, (1..=4).rev().collect::<Vec<_>>(), "the signing key, the settings, two keys");
    let (mut walked, mut query) = (Vec::new(), "?limit=1".to_owned());
    loop {
        let answer = app.master().get(&format!("/admin/audit{query}")).await.expect(200);
        walked.extend(sequences(answer.at("/data").as_array().unwrap()));
        let Some(next) = answer.json()["nextCursor"].as_str().map(str::to_owned) else { break };
        query = format!("?limit=1&cursor={next}");
    }
    assert_eq!(walked, all);
    assert_eq!(sequences(&rows(&app, "?actor=master").await), [3]);
    assert_eq!(sequences(&rows(&app, "?actor=system").await), [2, 1]);
    assert_eq!(sequences(&rows(&app, &format!("?actor={}", manager.id)).await), [4]);
    assert_eq!(sequences(&rows(&app, "?action=key.create").await), [4, 3]);
    assert_eq!(sequences(&rows(&app, "?action=key.create&actor=master").await), [3]);
    assert_eq!(sequences(&rows(&app, &format!("?subject={}", manager.id)).await), [3]);
    assert!(rows(&app, "?until=2020-01-01T00:00:00Z").await.is_empty());
    assert!(rows(&app, "?since=2100-01-01T00:00:00Z").await.is_empty());
    assert_eq!(sequences(&rows(&app, "?since=2020-01-01T00:00:00Z&until=2100-01-01T00:00:00Z").await), all);
}

#[tokio::test]
async fn a_wrong_parameter_is_named() {
    let app = TestApp::start().await;
    for (query, name) in [
        ("actor=", "actor"),
        ("action=a%00b", "action"),
        ("subject=%C3%A9", "subject"),
        ("since=yesterday", "since"),
        ("until=2026-02-30T00:00:00Z", "until"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("cursor=x", "cursor"),
    ] {
        let answer = app.master().get(&format!("/admin/audit?{query}")).await.expect(400);
        assert!(answer.text_at("/error").starts_with(&format!("{name}: ")), "{query}: {answer:?}");
    }
    app.master().get("/admin/audit?actr=master").await.expect(400);
    app.master()
        .get("/admin/audit/chain?cursor=x")
        .await
        .refused(400, "cursor: must be the nextCursor of an answer");
}

/// `titan audit verify` against a running Titan.
fn verify(folder: &Path, program: &Program, arguments: &[&str]) -> Output {
    let url = format!("http://{}", program.address);
    let arguments = [&["audit", "verify"], arguments].concat();
    let environment = [("MASTER_KEY", MASTER_KEY), ("TITAN_URL", &url)];
    tokio::task::block_in_place(|| run(folder, &arguments, &environment))
}

fn head(output: &Output) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success() && text.contains("one unbroken chain"), "{output:?}");
    text.split_whitespace().last().unwrap().to_owned()
}

fn found(output: &Output, text: &str) {
    assert!(!output.status.success() && stderr(output).contains(text), "{text}: {output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_with_the_database_cannot_change_remove_or_move_a_row_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &[]).await;
    let make = async |label: &str| -> Answer {
        let body = json!({ "label": label, "lifetimeDays": 1, "scopes": ["*"] });
        program.role(MASTER_KEY).post("/admin/keys", body).await.expect(201)
    };
    for label in ["one", "two"] {
        make(label).await;
    }
    let before = head(&verify(folder.path(), &program, &[]));
    make("four").await;
    let after = head(&verify(folder.path(), &program, &["--expect", &before]));
    assert!(before.starts_with("4:") && after.starts_with("5:"), "{before} {after}");
    let sql = |statements: &str| database::tamper(folder.path(), statements);
    sql("UPDATE audit SET actor = 'somebody' WHERE sequence = 3");
    found(&verify(folder.path(), &program, &[]), "row 3 does not follow from row 2");
    sql("UPDATE audit SET actor = 'master' WHERE sequence = 3");
    head(&verify(folder.path(), &program, &["--expect", &after]));
    sql(
        "UPDATE audit SET sequence = 9 WHERE sequence = 2; UPDATE audit SET sequence = 2 WHERE sequence = 3; \
         UPDATE audit SET sequence = 3 WHERE sequence = 9",
    );
    found(&verify(folder.path(), &program, &[]), "row 2 does not follow from row 1");
    sql(
        "UPDATE audit SET sequence = 9 WHERE sequence = 2; UPDATE audit SET sequence = 2 WHERE sequence = 3; \
         UPDATE audit SET sequence = 3 WHERE sequence = 9",
    );
    sql("DELETE FROM audit WHERE sequence = 5");
    head(&verify(folder.path(), &program, &["--expect", &before]));
    found(&verify(folder.path(), &program, &["--expect", &after]), "the log has 4 rows, and had 5");
    make("five").await;
    found(&verify(folder.path(), &program, &["--expect", &after]), "row 5 is another one than before");
    sql("DELETE FROM audit WHERE sequence = 3");
    found(&verify(folder.path(), &program, &[]), "row 3 is missing: row 4 follows row 2");
    found(&verify(folder.path(), &program, &["--expect", "nonsense"]), "a number, a colon");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_a_table_for_people_and_json_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &[]).await;
    let url = format!("http://{}", program.address);
    let environment = [("MASTER_KEY", MASTER_KEY), ("TITAN_URL", &url)];
    let audit = |arguments: &[&str]| {
        let arguments = [&["audit"], arguments].concat();
        let output = tokio::task::block_in_place(|| run(folder.path(), &arguments, &environment));
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let table = audit(&["list", "--action", "signing_key.create"]);
    assert!(table.starts_with("ROW  TIME") && table.contains("system"), "{table}");
    assert_eq!(audit(&["list", "--since", "2100-01-01"]), "No rows.\n");
    let rows: Value = serde_json::from_str(&audit(&["list", "--json", "--all"])).unwrap();
    assert_eq!(rows[1]["action"], "signing_key.create");
    let verified: Value = serde_json::from_str(&audit(&["verify", "--json"])).unwrap();
    assert_eq!(verified["rows"], 2);
}
