//! Kinds of upstreams: how they are reached, trusted and kept.

use crate::support::TestApp;
use crate::support::scripted::{After, converse};
use std::sync::{Arc, Mutex};
use tokio::net::UnixListener;

const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn a_socket_in_the_file_system_is_an_upstream() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let seen = Arc::<Mutex<Vec<String>>>::default();
    let (accepted, all) = (Arc::<Mutex<u32>>::default(), Arc::clone(&seen));
    let count = Arc::clone(&accepted);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            *count.lock().unwrap() += 1;
            tokio::spawn(converse(stream, ANSWER, After::KeepOpen, Arc::clone(&all)));
        }
    });
    let app = TestApp::with(|config| config.upstreams[0].url = format!("unix:{}", path.display())).await;
    let holder = app.holder(&app.key(&["*"]).await);
    for _ in 0..3 {
        assert_eq!(holder.get("/api/sessions").await.expect(200).text, "ok");
    }
    let seen = seen.lock().unwrap();
    assert!(seen.iter().all(|head| head.contains("\r\nhost: localhost\r\n")), "{seen:?}");
    assert_eq!(seen.len(), 3);
    drop(seen);
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn a_socket_that_is_not_there_is_502() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("unix:{}", folder.path().join("api.sock").display());
    let app = TestApp::with(|config| config.upstreams[0].url = url).await;
    app.holder(&app.key(&["*"]).await).get("/api/sessions").await.refused(502, "upstream unreachable");
}
