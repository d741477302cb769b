//! `/admin/users`

use crate::support::TestApp;
use crate::support::app::MASTER_KEY;
use crate::support::people::PASSWORD;
use crate::support::program::{stderr, titan};
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;

fn user(change: impl FnOnce(&mut Value)) -> Value {
    let mut body = json!({ "email": "ada@example.com", "password": PASSWORD, "role": "owner" });
    change(&mut body);
    body
}

#[tokio::test]
async fn a_user_is_made_listed_and_seen_without_its_password() {
    let app = TestApp::start().await;
    let made = app.master().post("/admin/users", user(|_| {})).await.expect(201);
    assert_eq!(made.at("/data/email"), json!("ada@example.com"));
    assert_eq!(made.at("/data/memberships/0/role"), json!("owner"));
    assert_eq!(made.at("/data/memberships/0/tenantId"), json!(1));
    let id = made.text_at("/data/id");
    assert!(id.starts_with("usr_"));
    let seen = app.master().get(&format!("/admin/users/{id}")).await.expect(200);
    assert_eq!(seen.json(), made.json());
    let list = app.master().get("/admin/users?tenantId=1").await.expect(200);
    assert_eq!(list.at("/data/0/id"), json!(id));
    for answer in [made, seen, list] {
        assert!(!answer.text.contains("argon2") && !answer.text.contains(PASSWORD));
    }
    app.master().get("/admin/users/usr_00000000000000000000000000").await.refused(404, "user not found");
    app.master().get("/admin/users?tenantId=2").await.expect(200);
}

#[tokio::test]
async fn what_is_wrong_with_a_user_is_named() {
    let app = TestApp::start().await;
    let refused = async |body: Value, text: &str| {
        app.master().post("/admin/users", body).await.refused(400, text);
    };
    refused(user(|body| body["email"] = json!("ada")), "email: must have the form name@domain").await;
    refused(user(|body| body["role"] = json!("root")), "role: must be owner, admin or member").await;
    refused(user(|body| body["tenantId"] = json!(9)), "tenantId: no such tenant").await;
    refused(json!({ "email": "ada@example.com", "role": "owner" }), "missing required field: password").await;
    for weak in ["short", "ada@example.com", "aaaaaaaaaaaaaaaa", "passwordpassword", "1234567890123456"] {
        let answer = app.master().post("/admin/users", user(|body| body["password"] = json!(weak))).await;
        assert!(answer.expect(400).text_at("/error").starts_with("password: "), "{weak}");
    }
    app.master().post("/admin/users", user(|_| {})).await.expect(201);
    let again = user(|body| body["email"] = json!("ADA@Example.com"));
    app.master()
        .post("/admin/users", again)
        .await
        .refused(409, "a user with this e-mail address already exists");
}

#[tokio::test]
async fn a_list_of_users_goes_on_where_it_ended() {
    let app = TestApp::start().await;
    let mut made = Vec::new();
    for n in 0..5 {
        made.push(app.user(&format!("user{n}@example.com"), "member").await);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.master().get(&format!("/admin/users?limit=2{cursor}")).await.expect(200);
        seen.extend(page.at("/data").as_array().unwrap().iter().map(|user| user["id"].clone()));
        match page.json()["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(json!(seen), json!(made));
    app.master()
        .get("/admin/users?cursor=x")
        .await
        .refused(400, "cursor: must be the nextCursor of an answer");
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once_and_comes_back_with_a_new_session() {
    let app = super::platform().await;
    let ada = app.person("ada@example.com", "member").await;
    app.as_person(&ada).get("/api/v1/tasks").await.expect(200);
    let path = format!("/admin/users/{}", ada.id);
    let answer = app.master().patch(&path, json!({ "isActive": false })).await.expect(200);
    assert!(answer.header("titan-revocation").contains("lapsed=0"), "{answer:?}");
    app.as_person(&ada).get("/api/v1/tasks").await.expect(401);
    app.as_person(&ada).get("/api/v1/auth/session").await.expect(401);
    app.refresh(&ada.refresh_token).await.expect(401);
    app.login(&ada.email, PASSWORD).await.expect(401);
    app.master().patch(&path, json!({ "isActive": true })).await.expect(200);
    app.as_person(&ada).get("/api/v1/tasks").await.expect(401);
    let ada = app.sign_in(ada.id, "ada@example.com").await;
    app.as_person(&ada).get("/api/v1/tasks").await.expect(200);
}

#[tokio::test]
async fn a_new_password_ends_every_session() {
    let app = super::platform().await;
    let ada = app.person("ada@example.com", "member").await;
    let other = "another quite long one";
    let path = format!("/admin/users/{}", ada.id);
    app.master().send("PUT", &path, Some(json!({ "password": other }))).await.expect(200);
    app.as_person(&ada).get("/api/v1/tasks").await.expect(401);
    app.refresh(&ada.refresh_token).await.expect(401);
    app.login(&ada.email, PASSWORD).await.expect(401);
    app.login(&ada.email, other).await.expect(200);
    app.master().patch(&path, json!({})).await.refused(400, "body: must change isActive or password");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_makes_changes_and_removes_users() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let run = async |arguments: &[&str], input: &str| {
        let mut command = titan(folder.path(), &["users"]);
        command.args(arguments).env("MASTER_KEY", MASTER_KEY);
        command.env("TITAN_URL", format!("http://{}", app.address));
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let password = format!("{PASSWORD}\n");
    let made = run(&["create", "ada@example.com", "--role", "owner", "--json"], &password).await;
    let made: Value = serde_json::from_str(&made).unwrap();
    let id = made["id"].as_str().unwrap();
    run(&["create", "bob@example.com", "--role", "owner"], &password).await;
    app.login("ada@example.com", PASSWORD).await.expect(200);
    assert!(run(&["list"], "").await.contains("ada@example.com"));
    assert!(run(&["get", id], "").await.contains("owner of tenant 1"));
    run(&["set-password", id], "another quite long one\n").await;
    app.login("ada@example.com", "another quite long one").await.expect(200);
    let set = run(&["set-role", id, "member"], "").await;
    assert!(set.starts_with(&format!("{id} is member of tenant 1.\nIn force everywhere")), "{set}");
    assert!(run(&["update", id, "--disable"], "").await.contains("no"));
    let removed = run(&["remove", id, "--yes"], "").await;
    assert!(removed.starts_with(&format!("{id} is no member of tenant 1 any more.\n")), "{removed}");
}
