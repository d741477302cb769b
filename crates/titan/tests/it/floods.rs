//! Floods by one client of HTTP/2: each ends, and a good client beside it is served.

use crate::support::h2::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PRIORITY, RST_STREAM, RawH2, SETTINGS,
    WINDOW_UPDATE, frame, header_block,
};
use crate::support::{Role, TestApp};

/// More than a connection may send to no purpose.
const FLOOD: usize = 32 * 1024 * 1024;

/// Sends `begin` and then pieces until the server has had enough, while a good client asks.
async fn is_cut_off(app: &TestApp, begin: &[u8], mut piece: impl FnMut() -> Vec<u8>) {
    let mut flood = RawH2::connect(app.address).await;
    flood.send(begin).await;
    let good = app.nobody();
    let mut sent = 0;
    loop {
        let pieces: Vec<u8> = (0..512).flat_map(|_| piece()).collect();
        if !flood.send(&pieces).await {
            break;
        }
        sent += pieces.len();
        assert!(sent < FLOOD, "the server goes on reading");
        is_served(&good).await;
    }
    is_served(&good).await;
}

async fn is_served(good: &Role) {
    good.get("/health/live").await.expect(200);
}

fn request(stream: u32, flags: u8, method: &str, path: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | flags, stream, &header_block(method, path, &[]))
}

#[tokio::test]
async fn frames_that_ask_for_nothing_come_to_an_end() {
    let app = TestApp::start().await;
    let floods = [
        ("ping", frame(PING, 0, 0, &[7; 8])),
        ("settings", frame(SETTINGS, 0, 0, &[])),
        ("priority", frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 0])),
        ("unknown", frame(99, 0, 0, &[])),
    ];
    for (name, flood) in floods {
        println!("{name}");
        is_cut_off(&app, &[], || flood.clone()).await;
    }
}

/// Beside a request that is answered slowly, too.
#[tokio::test]
async fn a_running_request_is_no_licence_to_flood() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await.text;
    let credential = [("x-api-key", key.as_str())];
    let block = header_block("GET", "/api/sessions?slow", &credential);
    let begin = frame(HEADERS, END_HEADERS | END_STREAM, 1, &block);
    is_cut_off(&app, &begin, || frame(PING, 0, 0, &[7; 8])).await;
    is_cut_off(&app, &begin, || frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])).await;
}

#[tokio::test]
async fn headers_without_an_end_come_to_an_end() {
    let app = TestApp::start().await;
    let begin = frame(HEADERS, 0, 1, &header_block("GET", "/health/live", &[]));
    is_cut_off(&app, &begin, || frame(CONTINUATION, 0, 1, &[])).await;
    is_cut_off(&app, &begin, || frame(CONTINUATION, 0, 1, b"\0\x01a\x01b")).await;
}

#[tokio::test]
async fn empty_pieces_of_a_body_come_to_an_end() {
    let app = TestApp::start().await;
    is_cut_off(&app, &request(1, 0, "POST", "/auth/verify"), || frame(DATA, 0, 1, &[])).await;
}

#[tokio::test]
async fn resets_come_to_an_end() {
    let app = TestApp::start().await;
    let mut stream = 1;
    let reset = || {
        let request = request(stream, END_STREAM, "GET", "/api/sessions");
        let reset = frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]);
        stream += 2;
        [request, reset].concat()
    };
    is_cut_off(&app, &[], reset).await;
}

#[tokio::test]
async fn streams_beyond_the_limit_are_refused_and_the_others_are_served() {
    let app = TestApp::start().await;
    let mut flood = RawH2::connect(app.address).await;
    let requests: Vec<u8> = (0..1000).flat_map(|n| request(2 * n + 1, 0, "POST", "/auth/verify")).collect();
    flood.send(&requests).await;
    is_served(&app.nobody()).await;
}
