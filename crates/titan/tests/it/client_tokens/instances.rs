//! Several instances: what ends a token on one ends it on all, and persons are counted over all.

use super::{CHAT, RULES, SEND, Shop, TOKENS, allowing, message, with};
use crate::instances::{Fleet, until};
use crate::support::TestApp;
use crate::support::app::MadeKey;
use crate::support::cut::Wire;
use crate::support::database::new_postgres;
use serde_json::{Value, json};
use std::time::Duration;

async fn statuses(fleet: &Fleet, token: &str) -> Vec<u16> {
    let mut statuses = Vec::new();
    for app in &fleet.0 {
        statuses.push(app.role(Some(token)).post(SEND, message(CHAT)).await.status);
    }
    statuses
}

fn at<'a>(fleet: &'a Fleet, n: usize, key: &MadeKey) -> (&'a TestApp, crate::support::Role) {
    let app = &fleet.0[n % 3];
    (app, app.holder(key))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_a_token_on_one_instance_ends_it_on_all() {
    let fleet = Fleet::start(3).await;
    for round in 0..8 {
        let shop = Shop::with(&fleet.0[round % 3], allowing("send_message")).await;
        let minted = shop.mint("ada").await;
        let token = minted["token"].as_str().unwrap();
        assert_eq!(statuses(&fleet, token).await, [200; 3], "a token of one instance is good on all");
        let (app, other) = at(&fleet, round + 1, &shop.key);
        let key = format!("/admin/keys/{}", shop.key.id);
        let (answer, status) = match round % 4 {
            0 => {
                (other.delete(&format!("{TOKENS}/{}", minted["id"].as_str().unwrap())).await.expect(204), 401)
            }
            1 => (other.send("PUT", RULES, Some(allowing(""))).await.expect(200), 403),
            2 => (app.master().delete(&key).await.expect(204), 401),
            _ => (other.delete(RULES).await.expect(204), 403),
        };
        assert_eq!(statuses(&fleet, token).await, [status; 3], "round {round}");
        assert!(answer.header("titan-revocation").contains("applied=3, lapsed=0"), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_counted_over_all_instances() {
    let fleet = Fleet::start(3).await;
    let rules = with(allowing("send_message"), &json!({ "maxDaily": 7 }));
    let shop = Shop::with(&fleet.0[0], rules).await;
    let token = shop.token("ada").await;
    let all = futures_util::future::join_all((0..30).map(|n| {
        let page = fleet.0[n % 3].role(Some(&token));
        async move { page.post(SEND, message(CHAT)).await.status }
    }));
    let passed = all.await.into_iter().filter(|status| *status == 200).count();
    assert_eq!(passed, 7);
    shop.set(with(allowing("send_message"), &json!({ "rateLimit": 5 }))).await;
    let token = shop.token("bob").await;
    let mut passed = 0;
    for n in 0..15 {
        passed +=
            usize::from(fleet.0[n % 3].role(Some(&token)).post(SEND, message(CHAT)).await.status == 200);
    }
    assert_eq!(passed, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_starts_knows_rules_and_revocations() {
    let fleet = Fleet::start(1).await;
    let shop = Shop::with(&fleet.0[0], allowing("send_message")).await;
    let (gone, good) = (shop.mint("ada").await, shop.token("bob").await);
    shop.role.delete(&format!("{TOKENS}/{}", gone["id"].as_str().unwrap())).await.expect(204);
    let url = fleet.0[0].database_url.clone();
    let late = TestApp::with(|config| config.database_url = url).await;
    let text = |value: &Value| value["token"].as_str().unwrap().to_owned();
    late.role(Some(&text(&gone))).post(SEND, message(CHAT)).await.refused(401, "token revoked");
    late.role(Some(&good)).post(SEND, message(CHAT)).await.expect(200);
    // It also answers preflights.
    until("the preflight is answered", Duration::from_secs(5), async || {
        let request = late.nobody().request("OPTIONS", SEND).header("origin", "https://a.example");
        let request = request.header("access-control-request-method", "POST");
        request.send().await.unwrap().status().as_u16() == 204
    })
    .await;
}

/// One instance cannot reach the database: it does not know what was revoked, nor what the rules are now.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_cannot_know_refuses_every_token_and_comes_back_by_itself() {
    let url = new_postgres();
    let (wire, over_wire) = Wire::to_database(&url).await;
    let start = |url: String| TestApp::with(|config| config.database_url = url);
    let (whole, cut) = (start(url).await, start(over_wire).await);
    let shop = Shop::with(&whole, allowing("send_message")).await;
    let (gone, good) = (shop.mint("ada").await, shop.token("bob").await);
    let gone_token = gone["token"].as_str().unwrap();
    cut.role(Some(&good)).post(SEND, message(CHAT)).await.expect(200);
    wire.cut();
    // While its lease is good, it asks nobody: the rules are in memory.
    for _ in 0..20 {
        cut.role(Some(&good)).post(SEND, message(CHAT)).await.expect(200);
    }
    let path = format!("{TOKENS}/{}", gone["id"].as_str().unwrap());
    let answer = shop.role.delete(&path).await.expect(204);
    assert!(answer.header("titan-revocation").contains("applied=1"), "{answer:?}");
    for token in [gone_token, good.as_str()] {
        cut.role(Some(token)).post(SEND, message(CHAT)).await.refused(503, "revocation state unknown");
    }
    whole.role(Some(&good)).post(SEND, message(CHAT)).await.expect(200);
    wire.mend();
    let ready = async || cut.nobody().get("/health/ready").await.status == 200;
    until("ready again", Duration::from_secs(10), ready).await;
    cut.role(Some(gone_token)).post(SEND, message(CHAT)).await.refused(401, "token revoked");
    cut.role(Some(&good)).post(SEND, message(CHAT)).await.expect(200);
}

/// A lapsed instance that can reach the database asks it for all that decides about the one token.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_clock_asks_the_database_for_the_token_and_its_rules() {
    let fleet = Fleet::start(2).await;
    let [one, paused] = &fleet.0[..] else { panic!("two instances") };
    let shop = Shop::with(one, allowing("send_message")).await;
    let (gone, good) = (shop.mint("ada").await, shop.token("bob").await);
    // Its wall clock ran ahead of the other clock, as after a pause: the lease counts no longer.
    paused.clock.advance(5);
    shop.role.delete(&format!("{TOKENS}/{}?wait=none", gone["id"].as_str().unwrap())).await.expect(202);
    let page = paused.role(gone["token"].as_str());
    page.post(SEND, message(CHAT)).await.refused(401, "token revoked");
    let page = paused.role(Some(&good));
    page.post(SEND, message(CHAT)).await.expect(200);
    let at_once = format!("{RULES}?wait=none");
    shop.role.send("PUT", &at_once, Some(allowing("send_typing"))).await.expect(202);
    page.post(SEND, message(CHAT)).await.refused(403, "action not allowed: send_message");
    one.master().delete(&format!("/admin/keys/{}?wait=none", shop.key.id)).await.expect(202);
    page.post(SEND, message(CHAT)).await.refused(401, "token revoked");
}
