//! HTTP/2 by hand (RFC 9113): frames that no client library would send.

use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// One frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A header block (RFC 7541): indexed names where the static table has them, texts as they are.
pub(crate) fn header_block(method: &str, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| {
        let length = u8::try_from(text.len()).unwrap();
        assert!(length < 127, "longer texts have a longer length");
        [&[length], text.as_bytes()].concat()
    };
    let mut block = vec![0x86];
    for (index, value) in [(2, method), (4, path), (1, "a")] {
        block.push(index);
        block.extend(text(value));
    }
    for (name, value) in more {
        block.push(0);
        block.extend(text(name));
        block.extend(text(value));
    }
    block
}

/// A connection that sends what it is told, and throws away what comes back.
pub(crate) struct RawH2 {
    writer: tokio::net::tcp::OwnedWriteHalf,
    reader: JoinHandle<()>,
}

impl RawH2 {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let (mut reader, mut writer) = TcpStream::connect(address).await.unwrap().into_split();
        writer.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        writer.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
        let reader = tokio::spawn(async move {
            let mut piece = vec![0; 65536];
            while let Ok(1..) = reader.read(&mut piece).await {}
        });
        Self { writer, reader }
    }

    /// Sends bytes; false once the other side has closed.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> bool {
        !self.reader.is_finished() && self.writer.write_all(bytes).await.is_ok()
    }
}
