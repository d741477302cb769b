//! The handshake, and the answer to clients that send plain HTTP.

use super::Tls;
use crate::dispatch::Port;
use crate::server::counted::Counted;
use std::time::Duration;
use titan_core::Error;
use titan_core::policy::Style;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::server::TlsStream;

/// The first byte of a TLS connection: a record of the kind "handshake" (RFC 8446, 5.1).
const HANDSHAKE: u8 = 22;
/// How long a client has to read the last message.
const GOODBYE: Duration = Duration::from_secs(1);

/// None: the client did not use TLS, or none that Titan accepts.
pub(in super::super) async fn handshake(
    tls: &Tls,
    port: Port,
    socket: Counted,
) -> Option<Box<TlsStream<Counted>>> {
    match socket.peek().await? {
        HANDSHAKE => {}
        first if first.is_ascii_alphabetic() => {
            let _ = tokio::time::timeout(GOODBYE, refuse_plain(socket)).await;
            return None;
        }
        _ => return None,
    }
    match tls.acceptor(port).accept(socket).into_fallible().await {
        Ok(stream) => Some(Box::new(stream)),
        Err((error, socket)) => {
            tracing::debug!(%error, "no TLS connection was made");
            // The client is told why, and may have sent a request already.
            let _ = tokio::time::timeout(GOODBYE, close(socket)).await;
            None
        }
    }
}

/// Tells a client that sent plain HTTP what is wrong. Its request is not parsed: it may contain a key, and no policy
/// applies here.
async fn refuse_plain(mut socket: Counted) -> std::io::Result<()> {
    let body = Error::invalid("this port speaks TLS: use https://").to_body(Style::Titan);
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(answer.as_bytes()).await?;
    close(socket).await
}

/// Closes a socket so that the last message arrives. If unread bytes were left, the system would discard the message.
async fn close(mut socket: Counted) -> std::io::Result<()> {
    socket.shutdown().await?;
    while socket.read(&mut [0; 1024]).await? > 0 {}
    Ok(())
}
