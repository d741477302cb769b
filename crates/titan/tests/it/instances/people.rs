//! Sessions on several instances: what ends one is in force on all when it is answered.

use super::{Fleet, assert_lapsed, field, on, until};
use crate::support::TestApp;
use crate::support::app::MadeKey;
use crate::support::cut::Wire;
use crate::support::database::new_postgres;
use crate::support::people::{PASSWORD, Person};
use crate::whatomate;
use serde_json::json;
use std::time::Duration;

/// The statuses of all instances for a JWT.
async fn statuses(fleet: &Fleet, person: &Person) -> Vec<u16> {
    let mut statuses = Vec::new();
    for app in &fleet.0 {
        statuses.push(app.as_person(person).get("/api/v1/auth/session").await.status);
    }
    statuses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_a_session_on_one_instance_ends_it_on_all() {
    let fleet = Fleet::start(3).await;
    for round in 0..7 {
        let email = format!("ada{round}@example.com");
        let ada = fleet.0[round % 3].person(&email, "admin").await;
        assert_eq!(statuses(&fleet, &ada).await, [200; 3], "a JWT of one instance is good on all");
        let other = &fleet.0[(round + 1) % 3];
        let (user, member) =
            (format!("/admin/users/{}", ada.id), format!("/admin/tenants/1/members/{}", ada.id));
        let answer = match round {
            0 => other.as_person(&ada).send("POST", "/api/v1/auth/logout", None).await.expect(204),
            1 => other.master().patch(&user, json!({ "isActive": false })).await.expect(200),
            2 => other.master().delete(&member).await.expect(204),
            3 => other.master().send("PUT", &member, Some(json!({ "role": "member" }))).await.expect(200),
            4 => {
                let password = json!({ "password": "another quite long one" });
                other.master().patch(&user, password).await.expect(200)
            }
            5 => {
                let new = "another quite long one";
                let body = json!({ "current_password": PASSWORD, "new_password": new });
                other.as_person(&ada).post("/api/v1/auth/password", body).await.expect(204)
            }
            _ => {
                // A token that was used before, on another instance than the one that took it.
                fleet.0[0].refresh(&ada.refresh_token).await.expect(200);
                fleet.0[1].refresh(&ada.refresh_token).await.expect(401)
            }
        };
        assert_eq!(statuses(&fleet, &ada).await, [401; 3], "round {round}");
        if round < 6 {
            assert_eq!((field(&answer, "applied"), field(&answer, "lapsed")), (3, 0), "{answer:?}");
        }
    }
}

/// The statuses of all instances for a key.
async fn codes(fleet: &Fleet, key: &MadeKey) -> Vec<String> {
    let mut codes = Vec::new();
    for app in &fleet.0 {
        codes.push(app.code(key).await);
    }
    codes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_user_loses_its_keys_lose_on_all_instances() {
    let fleet = Fleet::start(3).await;
    for round in 0..3 {
        let ada = fleet.0[round].person(&format!("ada{round}@example.com"), "admin").await;
        let body = json!({ "name": "x", "scopes": ["billing:read"] });
        let answer = fleet.0[round].as_person(&ada).post("/api/v1/api-keys", body).await.expect(201);
        let key = MadeKey { id: answer.text_at("/id"), text: answer.text_at("/key") };
        assert_eq!(codes(&fleet, &key).await, ["VALID"; 3]);
        let other = fleet.0[(round + 1) % 3].master();
        let (user, member) =
            (format!("/admin/users/{}", ada.id), format!("/admin/tenants/1/members/{}", ada.id));
        let role =
            async |role: &str| other.send("PUT", &member, Some(json!({ "role": role }))).await.expect(200);
        role("member").await;
        assert_eq!(codes(&fleet, &key).await, ["DISABLED"; 3]);
        role("owner").await;
        assert_eq!(codes(&fleet, &key).await, ["VALID"; 3]);
        other.patch(&user, json!({ "isActive": false })).await.expect(200);
        assert_eq!(codes(&fleet, &key).await, ["DISABLED"; 3]);
        other.patch(&user, json!({ "isActive": true })).await.expect(200);
        fleet.0[(round + 2) % 3].user(&format!("owner{round}@example.com"), "owner").await;
        let answer = other.delete(&member).await.expect(204);
        assert_eq!((field(&answer, "applied"), field(&answer, "lapsed")), (3, 0), "{answer:?}");
        assert_eq!(codes(&fleet, &key).await, ["REVOKED"; 3]);
    }
}

/// An opaque key as it is on each instance: verified from its own index.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opaque_key_comes_goes_and_follows_its_owner_on_all_instances() {
    let fleet = Fleet::start(3).await;
    for round in 0..3 {
        let ada = fleet.0[round].person(&format!("ada{round}@example.com"), "admin").await;
        let key = whatomate::make(&fleet.0[round], &ada).await;
        let other = whatomate::make(&fleet.0[(round + 1) % 3], &ada).await;
        assert_eq!(codes(&fleet, &key).await, ["VALID"; 3], "it is known everywhere when it is shown");
        let (here, there) = (&fleet.0[(round + 1) % 3], &fleet.0[(round + 2) % 3]);
        let path = format!("/api/api-keys/{}", key.id);
        let off = Some(json!({ "is_active": false }));
        let answer = here.as_person(&ada).send("PUT", &path, off).await.expect(200);
        assert_eq!((field(&answer, "applied"), field(&answer, "lapsed")), (3, 0), "{answer:?}");
        assert_eq!(codes(&fleet, &key).await, ["DISABLED"; 3]);
        there.as_person(&ada).delete(&path).await.expect(200);
        assert_eq!(codes(&fleet, &key).await, ["INVALID"; 3]);
        let user = format!("/admin/users/{}", ada.id);
        there.master().patch(&user, json!({ "isActive": false })).await.expect(200);
        assert_eq!(codes(&fleet, &other).await, ["DISABLED"; 3]);
        here.master().patch(&user, json!({ "isActive": true })).await.expect(200);
        assert_eq!(codes(&fleet, &other).await, ["VALID"; 3]);
        here.master().delete(&format!("/admin/tenants/1/members/{}", ada.id)).await.expect(204);
        assert_eq!(codes(&fleet, &other).await, ["INVALID"; 3]);
    }
}

/// What the clock of one instance made in the future is older than a later revocation of all keys.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opaque_key_of_a_clock_that_is_ahead_is_revoked_with_its_tenant() {
    let fleet = Fleet::start(2).await;
    let [right, ahead] = &fleet.0[..] else { panic!("two instances") };
    ahead.clock.advance(30);
    let ready = async || ahead.nobody().get("/health/ready").await.status == 200;
    until("ready", Duration::from_secs(10), ready).await;
    let ada = right.person("ada@example.com", "admin").await;
    let key = whatomate::make(ahead, &ada).await;
    assert_eq!(codes(&fleet, &key).await, ["VALID"; 2]);
    right.master().patch("/admin/tenants/1", json!({ "revokeKeys": true })).await.expect(200);
    assert_eq!(codes(&fleet, &key).await, ["REVOKED"; 2]);
}

/// One instance cannot reach the database: it does not know whether a key that it knows was deleted, nor whether one that it
/// does not know was made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_cannot_know_refuses_an_opaque_key_and_comes_back_by_itself() {
    let url = new_postgres();
    let (wire, over_wire) = Wire::to_database(&url).await;
    let fleet = Fleet(vec![on(&url).await, on(&over_wire).await]);
    let [whole, cut] = &fleet.0[..] else { panic!("two instances") };
    let ada = whole.person("ada@example.com", "admin").await;
    let (deleted, kept) = (whatomate::make(whole, &ada).await, whatomate::make(whole, &ada).await);
    wire.cut();
    let path = format!("/api/api-keys/{}", deleted.id);
    assert_lapsed(&whole.as_person(&ada).delete(&path).await.expect(200));
    let new = whatomate::make(whole, &ada).await;
    for key in [&deleted, &kept, &new] {
        cut.holder(key).get("/api/sessions").await.refused(503, "revocation state unknown");
    }
    assert_eq!((whole.code(&kept).await, whole.code(&new).await), ("VALID".into(), "VALID".into()));
    wire.mend();
    let status = async |app: &TestApp| app.nobody().get("/health/ready").await.status;
    until("ready again", Duration::from_secs(10), async || status(cut).await == 200).await;
    for (key, code) in [(&deleted, "INVALID"), (&kept, "VALID"), (&new, "VALID")] {
        assert_eq!(cut.code(key).await, code);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_are_counted_for_all_instances() {
    let fleet = Fleet::start(2).await;
    fleet.0[0].user("ada@example.com", "member").await;
    for n in 0..10 {
        fleet.0[n % 2].login("ada@example.com", "wrong but long enough").await.expect(401);
    }
    fleet.0[1].login("ada@example.com", "wrong but long enough").await.expect(429);
}

/// One instance cannot reach the database: it does not know whether a session has ended, and says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_cannot_know_refuses_a_jwt_and_comes_back_by_itself() {
    let url = new_postgres();
    let (wire, over_wire) = Wire::to_database(&url).await;
    let fleet = Fleet(vec![on(&url).await, on(&over_wire).await]);
    let [whole, cut] = &fleet.0[..] else { panic!("two instances") };
    let (ada, bob) =
        (whole.person("ada@example.com", "member").await, whole.person("bob@example.com", "member").await);
    wire.cut();
    let answer = whole.as_person(&ada).send("POST", "/api/v1/auth/logout", None).await.expect(204);
    assert_lapsed(&answer);
    for person in [&ada, &bob] {
        let refused = cut.as_person(person).get("/api/v1/auth/session").await.expect(503);
        assert_eq!(refused.at("/error/message"), json!("revocation state unknown"));
    }
    wire.mend();
    let status = async |app: &TestApp| app.nobody().get("/health/ready").await.status;
    until("ready again", Duration::from_secs(10), async || status(cut).await == 200).await;
    assert_eq!(statuses(&fleet, &ada).await, [401; 2]);
    assert_eq!(statuses(&fleet, &bob).await, [200; 2]);
}

/// A lapsed instance that can reach the database asks it for the one session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_clock_asks_the_database_for_the_session() {
    let fleet = Fleet::start(2).await;
    let [one, paused] = &fleet.0[..] else { panic!("two instances") };
    let (ada, bob) =
        (one.person("ada@example.com", "member").await, one.person("bob@example.com", "member").await);
    // Its wall clock ran ahead of the other clock, as after a pause: the lease counts no longer.
    paused.clock.advance(5);
    one.as_person(&ada).send("POST", "/api/v1/auth/logout", None).await.expect(204);
    assert_eq!(paused.as_person(&ada).get("/api/v1/auth/session").await.status, 401);
    assert_eq!(paused.as_person(&bob).get("/api/v1/auth/session").await.status, 200);
}

/// The wall clock of the instance that answers is wrong by more than a session lives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_ahead_ends_sessions_all_the_same() {
    for what in ["password", "role", "one session", "reuse"] {
        let fleet = Fleet::start(2).await;
        let [right, ahead] = &fleet.0[..] else { panic!("two instances") };
        let ada = right.person("ada@example.com", "admin").await;
        let bob = right.sign_in(ada.id.clone(), &ada.email).await;
        right.refresh(&ada.refresh_token).await.expect(200);
        ahead.clock.advance(40 * 86_400);
        match what {
            "password" => {
                let body = json!({ "password": "another quite long one" });
                ahead.master().patch(&format!("/admin/users/{}", ada.id), body).await.expect(200);
            }
            "role" => {
                let path = format!("/admin/tenants/1/members/{}", ada.id);
                ahead.master().send("PUT", &path, Some(json!({ "role": "member" }))).await.expect(200);
            }
            "reuse" => {
                ahead.refresh(&ada.refresh_token).await.expect(401);
            }
            _ => {
                let path = format!("/api/v1/auth/sessions/{}", ada.session);
                right.as_person(&bob).delete(&path).await.expect(204);
            }
        }
        let status = right.as_person(&ada).get("/api/v1/auth/session").await.status;
        assert_eq!(status, 401, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_clock_that_was_ahead_issued_is_older_than_a_later_not_before() {
    let fleet = Fleet::start(2).await;
    let [right, ahead] = &fleet.0[..] else { panic!("two instances") };
    ahead.clock.advance(30);
    let ada = ahead.person("ada@example.com", "admin").await;
    right.as_person(&ada).get("/api/v1/auth/session").await.expect(200);
    right.master().patch("/admin/tenants/1", json!({ "revokeKeys": true })).await.expect(200);
    right.as_person(&ada).get("/api/v1/auth/session").await.expect(401);
    right.refresh(&ada.refresh_token).await.expect(401);
}
