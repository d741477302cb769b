//! An instance that cannot know: its lease has ended.

use super::{Fleet, LEASE_AND_MARGIN, assert_lapsed, deleted, field, on, until};
use crate::support::TestApp;
use crate::support::cut::Wire;
use crate::support::database::new_postgres;
use crate::support::hex::sha256;
use serde_json::json;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(10);

async fn status_of(app: &TestApp, path: &str) -> u16 {
    app.nobody().get(path).await.status
}

/// Two instances, the second of which has a wire that can be cut.
async fn pair() -> (Fleet, Wire) {
    let url = new_postgres();
    let (wire, over_wire) = Wire::to_database(&url).await;
    (Fleet(vec![on(&url).await, on(&over_wire).await]), wire)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_cut_off_refuses_what_it_cannot_know_and_comes_back_by_itself() {
    let (fleet, wire) = pair().await;
    let [whole, cut] = &fleet.0[..] else { panic!("two instances") };
    let (good, bad) = (whole.key(&["*"]).await, whole.key(&["*"]).await);
    wire.cut();
    assert_eq!(cut.holder(&good).get("/api/sessions").await.status, 200, "its lease is still good");
    let began = Instant::now();
    let answer = deleted(&whole.master(), &bad).await;
    assert!(began.elapsed() < LEASE_AND_MARGIN + Duration::from_secs(2), "{:?}", began.elapsed());
    assert_lapsed(&answer);
    for key in [&bad, &good] {
        let answer = cut.holder(key).get("/api/sessions").await;
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!(
            answer.refused(503, "revocation state unknown").text_at("/code"),
            "revocation_state_unknown"
        );
        let answer = cut.master().post("/auth/verify", json!({ "key": key.text })).await;
        answer.refused(503, "revocation state unknown");
        cut.holder(key).get("/api/account/keys").await.refused(503, "revocation state unknown");
    }
    // What needs no knowledge of revocations is answered as always.
    cut.role(Some("titan_nonsense")).get("/api/sessions").await.refused(401, "malformed api key");
    let ready = cut.nobody().get("/health/ready").await.expect(503);
    assert_eq!(ready.text_at("/status"), "revocation_state_unknown");
    assert_eq!(status_of(cut, "/health/live").await, 200);
    wire.mend();
    until("ready again", SOON, async || status_of(cut, "/health/ready").await == 200).await;
    assert_eq!(fleet.codes(&bad).await, ["REVOKED"; 2]);
    assert_eq!(fleet.codes(&good).await, ["VALID"; 2]);
    // It joined again, so changes wait for it again.
    let answer = deleted(&whole.master(), &good).await;
    assert_eq!((field(&answer, "applied"), field(&answer, "lapsed")), (2, 0));
}

/// Its row in the log is that of its hash; what ends it is in another one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_an_imported_key_it_knows_no_more_and_ends_none_in_vain() {
    let (fleet, wire) = pair().await;
    let [whole, cut] = &fleet.0[..] else { panic!("two instances") };
    let (known, new) = ("a-key-of-another-system", "a-key-that-comes-too-late");
    let import = async |text: &str| {
        let row = json!({ "sha256": sha256(text), "label": "x", "scopes": ["*"], "expiresAt": "2099-01-01T00:00:00Z" });
        whole.master().post("/admin/imported-keys", json!({ "keys": [row] })).await.expect(200);
    };
    import(known).await;
    cut.role(Some(known)).get("/api/sessions").await.expect(200);
    wire.cut();
    import(new).await;
    for text in [known, new] {
        cut.role(Some(text)).get("/api/sessions").await.refused(503, "revocation state unknown");
        let revoke = cut.nobody().request("POST", "/oauth2/revoke").form(&[("token", text)]);
        assert_eq!(revoke.send().await.unwrap().status().as_u16(), 503, "{text}");
    }
    wire.mend();
    until("ready again", SOON, async || status_of(cut, "/health/ready").await == 200).await;
    for text in [known, new] {
        cut.role(Some(text)).get("/api/sessions").await.expect(200);
    }
}

/// A network that swallows everything: no error, no end of a connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_hears_nothing_any_more_refuses_too() {
    let (fleet, wire) = pair().await;
    let [whole, silent] = &fleet.0[..] else { panic!("two instances") };
    let key = whole.key(&["*"]).await;
    wire.silence();
    let answer = deleted(&whole.master(), &key).await;
    assert_lapsed(&answer);
    silent.holder(&key).get("/api/sessions").await.refused(503, "revocation state unknown");
    // The next change waits for nobody who is gone.
    let key = whole.key(&["*"]).await;
    until("swept", SOON, async || {
        whole.master().get("/admin/instances").await.at("/data").as_array().unwrap().len() == 1
    })
    .await;
    let began = Instant::now();
    deleted(&whole.master(), &key).await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    wire.mend();
    until("ready again", SOON * 3, async || status_of(silent, "/health/ready").await == 200).await;
    assert_eq!(fleet.codes(&key).await, ["REVOKED"; 2]);
}

/// A paused virtual machine: its wall clock leaps when it goes on, and the other clock may not have counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leap_of_the_wall_clock_makes_it_ask_the_database() {
    let (fleet, wire) = pair().await;
    let [whole, leaping] = &fleet.0[..] else { panic!("two instances") };
    let (good, bad) = (whole.key(&["*"]).await, whole.key(&["*"]).await);
    deleted(&whole.master(), &bad).await;
    for hours in 1..=3 {
        leaping.clock.advance(3600 * hours);
        // Either it asked the database, or its next lease was there already.
        assert_eq!(leaping.code(&good).await, "VALID");
        assert_eq!(leaping.code(&bad).await, "REVOKED");
    }
    wire.cut();
    leaping.clock.advance(3600);
    leaping.holder(&good).get("/api/sessions").await.refused(503, "revocation state unknown");
}

/// The first thing that an instance without its database says is not a yes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_database_down_changes_are_refused_and_nothing_is_half_done() {
    let (fleet, wire) = pair().await;
    let [whole, cut] = &fleet.0[..] else { panic!("two instances") };
    let key = whole.key(&["*"]).await;
    wire.cut();
    let answer = cut.master().delete(&format!("/admin/keys/{}", key.id)).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "{answer:?}");
    assert!(answer.header("titan-revocation").is_empty());
    assert_eq!(whole.code(&key).await, "VALID");
}

/// A good key is never called a forged one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_cut_off_does_not_refuse_what_a_new_signing_key_signed() {
    let (fleet, wire) = pair().await;
    let [whole, cut] = &fleet.0[..] else { panic!("two instances") };
    wire.cut();
    whole.master().send("POST", "/admin/signing-keys", None).await.expect(201);
    let key = whole.key(&["*"]).await;
    cut.holder(&key).get("/api/sessions").await.refused(503, "revocation state unknown");
    cut.master()
        .post("/auth/verify", json!({ "key": key.text }))
        .await
        .refused(503, "revocation state unknown");
    wire.mend();
    until("ready again", SOON, async || status_of(cut, "/health/ready").await == 200).await;
    assert_eq!(fleet.codes(&key).await, ["VALID"; 2]);
}

/// Then most of all, whoever watches must see it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_cut_off_still_shows_its_metrics() {
    let (wire, over_wire) = Wire::to_database(&new_postgres()).await;
    let cut = TestApp::with(|config| {
        config.database_url = over_wire;
        config.metrics_listen = Some("127.0.0.1:0".to_owned());
    })
    .await;
    let key = cut.key(&["*"]).await;
    let page = async || cut.master().get("/metrics").await.expect(200).text;
    assert!(page().await.contains("\ntitan_lease_good 1\n"));
    wire.cut();
    until("lapsed", SOON, async || page().await.contains("\ntitan_lease_good 0\n")).await;
    cut.holder(&key).get("/api/sessions").await.refused(503, "revocation state unknown");
    let own = reqwest::get(format!("http://{}/metrics", cut.metrics.unwrap())).await.unwrap();
    let text = own.text().await.unwrap();
    let stale = "titan_verdicts_total{part=\"gateway\",credential=\"api_key\",reason=\"stale\"} 1\n";
    assert!(text.contains(stale) && text.contains("\ntitan_lease_remaining_seconds 0.0\n"), "{text}");
}
