//! Invitations: a secret that is good once, for the one who was meant.

use super::platform;
use crate::support::people::{PASSWORD, Person};
use crate::support::{Answer, TestApp};
use serde_json::{Value, json};

const OWN: &str = "/api/v1/members/invitations";
const ACCEPT: &str = "/api/v1/auth/invitations/accept";
const GONE: &str = "invitation not found: it was used or withdrawn, or it has expired";

async fn invite(app: &TestApp, by: &Person, email: &str, role: &str) -> Answer {
    app.as_person(by).post(OWN, json!({ "email": email, "role": role })).await
}

/// The secret of an invitation by an owner.
async fn invited(app: &TestApp, by: &Person, email: &str, role: &str) -> String {
    invite(app, by, email, role).await.expect(201).text_at("/data/token")
}

async fn accept(app: &TestApp, token: &str) -> Answer {
    app.nobody().post(ACCEPT, json!({ "token": token, "password": PASSWORD })).await
}

fn assert_gone(answer: &Answer) {
    assert_eq!((answer.status, answer.at("/error/message")), (404, json!(GONE)), "{answer:?}");
}

#[tokio::test]
async fn somebody_new_sets_a_password_and_is_in() {
    let app = TestApp::with(|config| {
        config.upstreams[0].policy = vec!["tasks".to_owned()];
        config.invitation_url = Some("https://app.example/join".to_owned());
    })
    .await;
    let ada = app.person("ada@example.com", "owner").await;
    let answer = invite(&app, &ada, "Bob@Example.com", "admin").await.expect(201);
    assert_eq!(answer.header("cache-control"), "no-store");
    let token = answer.text_at("/data/token");
    assert_eq!(answer.text_at("/data/link"), format!("https://app.example/join#{token}"));
    assert_eq!(answer.at("/data/invited_by"), json!(ada.id));
    let list = app.as_person(&ada).get(OWN).await.expect(200);
    assert_eq!(
        (list.at("/data/0/email"), list.json()["data"][0]["token"].is_null()),
        (json!("Bob@example.com"), true)
    );

    let short = json!({ "token": token, "password": "short" });
    app.nobody().post(ACCEPT, short).await.expect(400);
    app.nobody().post(ACCEPT, json!({ "token": token })).await.expect(400);
    let view = accept(&app, &token).await.expect(200);
    assert_eq!((view.at("/data/tenant_id"), view.at("/data/role")), (json!(1), json!("admin")));
    assert_gone(&accept(&app, &token).await);
    let bob = app.sign_in(view.text_at("/data/user_id"), "bob@example.com").await;
    app.as_person(&bob).get("/api/v1/tasks").await.expect(200);
    let list = app.as_person(&ada).get(OWN).await.expect(200);
    assert_eq!(list.at("/data"), json!([]));
    let audit = format!("{:?}", app.master().get(&format!("/admin/users/{}", bob.id)).await.expect(200));
    assert!(!audit.contains(&token), "{audit}");
}

#[tokio::test]
async fn only_owners_invite_and_only_to_their_tenant() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "owner").await;
    for role in ["member", "admin"] {
        let other = app.person(&format!("{role}@example.com"), role).await;
        invite(&app, &other, "new@example.com", "member").await.expect(403);
        app.as_person(&other).get(OWN).await.expect(403);
    }
    for (body, message) in [
        (json!({ "role": "member" }), "missing required field: email"),
        (json!({ "email": "x", "role": "member" }), "email: must have 3 to 254 characters"),
        (json!({ "email": "new@example.com", "role": "god" }), "role: must be owner, admin or member"),
    ] {
        let answer = app.as_person(&ada).post(OWN, body).await.expect(400);
        assert_eq!(answer.at("/error/message"), json!(message));
    }
    let taken = invite(&app, &ada, "ADA@example.com", "member").await.expect(409);
    assert_eq!(taken.at("/error/message"), json!("this user is a member of the tenant already"));
    let tenant = app.tenant("other").await;
    app.user_of(tenant, "mal@example.com", "owner").await;
    let mal = app.sign_in(String::new(), "mal@example.com").await;
    let id = invite(&app, &ada, "new@example.com", "member").await.expect(201).text_at("/data/id");
    assert_eq!(app.as_person(&mal).get(OWN).await.expect(200).at("/data"), json!([]));
    app.as_person(&mal).delete(&format!("{OWN}/{id}")).await.expect(404);
    app.master()
        .delete(&format!("/admin/tenants/{tenant}/invitations/{id}"))
        .await
        .refused(404, "invitation not found");
    app.master().get("/admin/tenants/9/invitations").await.refused(404, "tenant not found");
}

/// The link went to the inviter first: it proves nothing about who has the address.
#[tokio::test]
async fn who_has_an_account_accepts_with_its_jwt_and_nobody_else_does() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "owner").await;
    let tenant = app.tenant("other").await;
    let bob_id = app.user_of(tenant, "bob@example.com", "member").await;
    let bob = app.sign_in(bob_id, "bob@example.com").await;
    let token = invited(&app, &ada, "bob@example.com", "admin").await;
    let refused = accept(&app, &token).await.expect(403);
    let text = "there is an account with this e-mail address: sign in, and accept with its JWT";
    assert_eq!(refused.at("/error/message"), json!(text));
    let body = json!({ "token": token });
    let refused = app.as_person(&ada).post(ACCEPT, body.clone()).await.expect(403);
    let text = "this invitation is for another e-mail address than that of your account";
    assert_eq!(refused.at("/error/message"), json!(text));
    let both = json!({ "token": token, "password": PASSWORD });
    app.as_person(&bob).post(ACCEPT, both).await.expect(400);
    app.holder(&app.key(&["*"]).await).post(ACCEPT, body.clone()).await.expect(403);
    app.master().post(ACCEPT, body.clone()).await.expect(403);
    let view = app.as_person(&bob).post(ACCEPT, body.clone()).await.expect(200);
    assert_eq!((view.at("/data/user_id"), view.at("/data/tenant_id")), (json!(bob.id), json!(1)));
    assert_gone(&app.as_person(&bob).post(ACCEPT, body).await);
    app.login("bob@example.com", PASSWORD).await.expect(400);
    let login = json!({ "email": "bob@example.com", "password": PASSWORD, "tenant_id": 1 });
    let session = app.nobody().post("/api/v1/auth/login", login).await.expect(200);
    assert_eq!(session.at("/data/user/role"), json!("admin"));
}

#[tokio::test]
async fn what_is_no_good_invitation_has_one_answer() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "owner").await;
    let eve = app.person("eve@example.com", "owner").await;
    let unknown = format!("titan_inv_{}", "A".repeat(43));
    for token in ["", "x", "titan_inv_", &unknown, &ada.refresh_token, &ada.token] {
        assert_gone(&accept(&app, token).await);
    }
    // Withdrawn, and replaced.
    let first = invite(&app, &ada, "new@example.com", "owner").await.expect(201);
    let second = invite(&app, &ada, "NEW@example.com", "member").await.expect(201);
    assert_gone(&accept(&app, &first.text_at("/data/token")).await);
    app.as_person(&ada).delete(&format!("{OWN}/{}", second.text_at("/data/id"))).await.expect(204);
    assert_gone(&accept(&app, &second.text_at("/data/token")).await);
    // Of somebody who is no owner any more, and of a tenant that is off.
    let token = invited(&app, &eve, "new@example.com", "owner").await;
    let member = format!("/admin/tenants/1/members/{}", eve.id);
    app.master().send("PUT", &member, Some(json!({ "role": "admin" }))).await.expect(200);
    assert_gone(&accept(&app, &token).await);
    app.master().send("PUT", &member, Some(json!({ "role": "owner" }))).await.expect(200);
    app.master().patch("/admin/tenants/1", json!({ "isActive": false })).await.expect(200);
    assert_gone(&accept(&app, &token).await);
    app.master().patch("/admin/tenants/1", json!({ "isActive": true })).await.expect(200);
    app.clock.advance(7 * 86_400);
    assert_gone(&accept(&app, &token).await);
    let list = app.master().get("/admin/tenants/1/invitations").await.expect(200);
    assert_eq!(list.at("/data"), json!([]));
    // As a credential it is nothing.
    app.role(Some(&unknown)).get("/api/v1/tasks").await.expect(401);
    app.role(Some(&unknown)).get("/api/account/keys").await.expect(401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_accept_at_once_one_is_in() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "owner").await;
    for round in 0..3 {
        let token = invited(&app, &ada, &format!("new{round}@example.com"), "member").await;
        let (a, b) = tokio::join!(accept(&app, &token), accept(&app, &token));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert!(matches!(statuses, [200, 403 | 404]), "{a:?} {b:?}");
    }
}

#[tokio::test]
async fn a_tenant_has_at_most_a_hundred() {
    let app = platform().await;
    for n in 0..100 {
        let body = json!({ "email": format!("new{n}@example.com"), "role": "member" });
        app.master().post("/admin/tenants/1/invitations", body).await.expect(201);
    }
    let body = json!({ "email": "one.more@example.com", "role": "member" });
    let path = "/admin/tenants/1/invitations";
    app.master()
        .post(path, body.clone())
        .await
        .refused(409, "a tenant has at most 100 open invitations: withdraw one first");
    app.clock.advance(7 * 86_400);
    app.master().post(path, body).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_invites() {
    let app = platform().await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://{}", app.address);
    let arguments = ["users", "invite", "new@example.com", "--role", "member", "--url", &url, "--json"];
    let environment = [("MASTER_KEY", crate::support::app::MASTER_KEY)];
    let run = || crate::support::program::run(folder.path(), &arguments, &environment);
    let output = tokio::task::block_in_place(run);
    let made: Value = serde_json::from_slice(&output.stdout).unwrap();
    accept(&app, made["token"].as_str().unwrap()).await.expect(200);
}
