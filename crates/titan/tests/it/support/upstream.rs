//! An upstream that says what reached it.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Answers each request with what it says, and remembers it.
pub(crate) struct Echo {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Value>>>,
}

impl Echo {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let router = Router::new().fallback(echo).with_state(Arc::clone(&seen));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, seen }
    }

    /// What reached it since the last call.
    pub(crate) fn take(&self) -> Vec<Value> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

async fn echo(State(seen): State<Arc<Mutex<Vec<Value>>>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let query = head.uri.query().unwrap_or_default().to_owned();
    let headers: Vec<Value> = head
        .headers
        .iter()
        .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
        .collect();
    let body = to_bytes(body, 1 << 20).await.map(|b| String::from_utf8_lossy(&b).into_owned());
    let body = body.unwrap_or_else(|_| "broken".to_owned());
    let said = json!({
        "method": head.method.as_str(), "target": head.uri.to_string(), "headers": headers, "body": body,
    });
    seen.lock().unwrap().push(said.clone());
    if let Some(status) = query.strip_prefix("status=").and_then(|status| status.parse().ok()) {
        return (StatusCode::from_u16(status).unwrap(), said.to_string()).into_response();
    }
    match query.as_str() {
        "slow" => {
            tokio::time::sleep(Duration::from_secs(20)).await;
            said.to_string().into_response()
        }
        "drip" => Body::from_stream(drip()).into_response(),
        "trickle" => Body::from_stream(endless(Duration::from_millis(100))).into_response(),
        "quiet" => Body::from_stream(endless(Duration::from_hours(1))).into_response(),
        "pour" => Body::from_stream(endless(Duration::ZERO)).into_response(),
        "cors" => (
            [
                ("access-control-allow-origin", "*"),
                ("access-control-allow-credentials", "true"),
                ("access-control-expose-headers", "x-secret"),
                ("vary", "accept-encoding"),
            ],
            said.to_string(),
        )
            .into_response(),
        "hop" => (
            [("connection", "x-between"), ("x-between", "1"), ("keep-alive", "5"), ("x-kept", "1")],
            said.to_string(),
        )
            .into_response(),
        _ => ([("content-type", "application/json")], said.to_string()).into_response(),
    }
}

/// Two pieces, the second long after the first.
fn drip() -> impl futures_util::Stream<Item = Result<&'static str, std::io::Error>> {
    futures_util::stream::unfold(0, |step| async move {
        match step {
            0 => Some((Ok("data: first\n\n"), 1)),
            1 => {
                tokio::time::sleep(Duration::from_millis(1500)).await;
                Some((Ok("data: second\n\n"), 2))
            }
            _ => None,
        }
    })
}

/// Pieces without an end, each so long after the one before.
fn endless(pause: Duration) -> impl futures_util::Stream<Item = Result<&'static str, std::io::Error>> {
    futures_util::stream::unfold(0, move |step| async move {
        if step > 0 {
            tokio::time::sleep(pause).await;
        }
        Some((Ok("data: more\n\n"), step + 1))
    })
}

/// The values of a header that reached the upstream.
pub(crate) fn header(said: &Value, name: &str) -> Vec<String> {
    let headers = said["headers"].as_array().unwrap();
    let values =
        headers.iter().filter(|pair| pair[0] == name).map(|pair| pair[1].as_str().unwrap().to_owned());
    values.collect()
}

/// An upstream that takes a WebSocket hand-shake and then sends back what it gets.
pub(crate) struct Websocket {
    pub(crate) address: SocketAddr,
}

impl Websocket {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(echo_websocket(stream));
            }
        });
        Self { address }
    }
}

async fn echo_websocket(mut stream: TcpStream) {
    let mut head = vec![0; 4096];
    let length = stream.read(&mut head).await.unwrap();
    let head = String::from_utf8_lossy(&head[..length]).to_lowercase();
    assert!(head.contains("upgrade: websocket") && head.contains("connection: upgrade"), "{head}");
    assert!(head.contains("x-titan-key-id: key_") && !head.contains("authorization"), "{head}");
    let answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    stream.write_all(answer.as_bytes()).await.unwrap();
    let mut piece = [0; 64];
    while let Ok(length @ 1..) = stream.read(&mut piece).await {
        stream.write_all(&piece[..length]).await.unwrap();
    }
}

/// Opens a WebSocket through the gateway.
pub(crate) async fn hand_shake(gateway: SocketAddr, key: &str) -> TcpStream {
    let mut stream = TcpStream::connect(gateway).await.unwrap();
    let hello = format!(
        "GET /api/sessions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\nConnection: keep-alive, Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    stream.write_all(hello.as_bytes()).await.unwrap();
    let mut piece = [0; 4096];
    let length = stream.read(&mut piece).await.unwrap();
    let answer = String::from_utf8_lossy(&piece[..length]).to_lowercase();
    assert!(answer.starts_with("http/1.1 101") && answer.contains("upgrade: websocket"), "{answer}");
    stream
}

/// An upstream that promises 100 bytes and sends 10 of them.
pub(crate) async fn breaks_off() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789").await.unwrap();
        }
    });
    address
}
