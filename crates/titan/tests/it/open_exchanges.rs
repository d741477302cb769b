//! Exchanges that stay open are cut when their key is not accepted any more.

use crate::support::TestApp;
use crate::support::app::MadeKey;
use crate::support::cut::Wire;
use crate::support::database::new_postgres;
use crate::support::upstream::{Websocket, hand_shake};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A lease.
const LEASE: Duration = Duration::from_secs(5);

async fn revoke(app: &TestApp, key: &MadeKey) {
    app.master().delete(&format!("/admin/keys/{}", key.id)).await.expect(204);
}

/// Reads an answer of the upstream until it ends, and says whether it was cut off.
async fn is_cut(mut answer: reqwest::Response) -> bool {
    loop {
        match answer.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => return false,
            Err(_) => return true,
        }
    }
}

async fn echoes(stream: &mut TcpStream) -> bool {
    let mut piece = [0; 4];
    stream.write_all(b"ping").await.is_ok() && stream.read_exact(&mut piece).await.is_ok()
}

async fn on_websocket(change: impl FnOnce(&mut titan::config::Config)) -> TestApp {
    let upstream = Websocket::start().await.address;
    TestApp::with(|config| {
        config.upstreams[0].url = format!("http://{upstream}");
        change(config);
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_and_downloads_are_cut() {
    let app = TestApp::start().await;
    for kind in ["trickle", "quiet", "pour"] {
        let (key, other) = (app.key(&["*"]).await, app.key(&["*"]).await);
        let path = format!("/api/sessions/a/events?{kind}");
        let mut answer = app.holder(&key).request("GET", &path).send().await.unwrap();
        let mut others = app.holder(&other).request("GET", &path).send().await.unwrap();
        assert!(answer.chunk().await.unwrap().is_some() && others.chunk().await.unwrap().is_some());
        revoke(&app, &key).await;
        let cut = timeout(LEASE, is_cut(answer)).await;
        assert!(cut.unwrap_or_else(|_| panic!("{kind} goes on")), "{kind} came to a regular end");
        if kind != "quiet" {
            assert!(others.chunk().await.unwrap().is_some(), "{kind} of another key goes on");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_is_cut_whatever_ends_its_key() {
    let app = on_websocket(|_| {}).await;
    let tenant = app.tenant("acme").await;
    let ends = [
        ("DELETE", "/admin/keys/{id}", None),
        ("PATCH", "/admin/keys/{id}", Some(json!({ "isActive": false }))),
        ("POST", "/admin/keys/{id}/rotate", None),
        ("PATCH", "/admin/tenants/{tenant}", Some(json!({ "revokeKeys": true }))),
    ];
    for (method, path, body) in ends {
        let key = app.key_of(tenant, &["*"]).await;
        let mut stream = hand_shake(app.address, &key.text).await;
        assert!(echoes(&mut stream).await);
        let path = path.replace("{id}", &key.id).replace("{tenant}", &tenant.to_string());
        let status = app.master().send(method, &path, body).await.status;
        assert!((200..300).contains(&status), "{method} {path}");
        let began = Instant::now();
        while echoes(&mut stream).await {
            assert!(began.elapsed() < LEASE, "{method} {path}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// What ends the key of a user, or lowers what it may do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_is_cut_whatever_ends_an_opaque_key() {
    let app = on_websocket(|_| {}).await;
    let ends = [
        ("PATCH", "/admin/users/{user}", Some(json!({ "isActive": false }))),
        ("PUT", "/admin/tenants/1/members/{user}", Some(json!({ "role": "member" }))),
        ("DELETE", "/admin/tenants/1/members/{user}", None),
    ];
    for (round, (method, path, body)) in ends.into_iter().enumerate() {
        let ada = app.person(&format!("ada{round}@example.com"), "admin").await;
        let key = crate::whatomate::make(&app, &ada).await;
        let mut stream = hand_shake(app.address, &key.text).await;
        assert!(echoes(&mut stream).await);
        let path = path.replace("{user}", &ada.id);
        let status = app.master().send(method, &path, body).await.status;
        assert!((200..300).contains(&status), "{method} {path}");
        let began = Instant::now();
        while echoes(&mut stream).await {
            assert!(began.elapsed() < LEASE, "{method} {path}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_upload_is_cut_and_the_client_is_told_why() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await;
    let pieces = futures_util::stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Some((Ok::<_, std::io::Error>("piece;"), ()))
    });
    let body = reqwest::Body::wrap_stream(pieces);
    let upload = app.holder(&key).request("POST", "/api/sessions").body(body).send();
    let upload = tokio::spawn(upload);
    tokio::time::sleep(Duration::from_millis(500)).await;
    revoke(&app, &key).await;
    // The answer, or a closed connection if the client only writes.
    if let Ok(answer) = timeout(LEASE, upload).await.unwrap().unwrap() {
        assert_eq!(answer.status().as_u16(), 401);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_cuts_what_another_one_revokes_and_what_it_cannot_know_of() {
    let url = new_postgres();
    let (wire, over_wire) = Wire::to_database(&url).await;
    let other = TestApp::with(|config| config.database_url.clone_from(&url)).await;
    let app = on_websocket(|config| config.database_url.clone_from(&over_wire)).await;
    let (first, second) = (other.key(&["*"]).await, other.key(&["*"]).await);
    let (mut cut, mut open) =
        (hand_shake(app.address, &first.text).await, hand_shake(app.address, &second.text).await);
    assert!(echoes(&mut cut).await && echoes(&mut open).await);
    revoke(&other, &first).await;
    let began = Instant::now();
    while echoes(&mut cut).await {
        assert!(began.elapsed() < LEASE);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(echoes(&mut open).await);
    wire.cut();
    let began = Instant::now();
    while echoes(&mut open).await {
        assert!(began.elapsed() < LEASE * 3, "nobody knows whether the key was revoked");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(began.elapsed() > LEASE / 2, "it goes on while the lease is good");
}
