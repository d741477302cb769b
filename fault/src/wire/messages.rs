//! The borders of messages.

use bytes::BytesMut;
use std::collections::HashSet;

/// In the text of the statement that reads the log, and in no other.
const LOG_READ: &[u8] = b"string_agg(concat_ws(";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    ToServer,
    ToClient,
}

impl Direction {
    /// `NotificationResponse`
    pub(super) fn is_news(self, message: &[u8]) -> bool {
        self == Self::ToClient && message.first() == Some(&b'A')
    }
}

/// The names under which a connection has prepared the statement that reads the log.
#[derive(Default)]
pub(super) struct LogReads(HashSet<Vec<u8>>);

impl LogReads {
    /// Whether this message prepares that statement (`Parse`) or runs it (`Bind`).
    pub(super) fn has(&mut self, direction: Direction, message: &[u8]) -> bool {
        let mut texts = message.get(5..).unwrap_or_default().split(|byte| *byte == 0);
        let (first, second) = (texts.next().unwrap_or_default(), texts.next().unwrap_or_default());
        match message.first() {
            Some(b'P') if direction == Direction::ToServer => {
                let is_read = second.windows(LOG_READ.len()).any(|part| part == LOG_READ);
                if is_read {
                    self.0.insert(first.to_vec());
                }
                is_read
            }
            Some(b'B') if direction == Direction::ToServer => self.0.contains(second),
            _ => false,
        }
    }
}

/// Splits bytes into messages: a type, and a length that counts itself. The first message of a client has no type.
pub(super) struct Reader {
    is_first: bool,
}

impl Reader {
    pub(super) fn new(direction: Direction) -> Self {
        Self { is_first: direction == Direction::ToServer }
    }

    pub(super) fn next(&mut self, buffer: &mut BytesMut) -> Option<BytesMut> {
        let kind = usize::from(!self.is_first);
        let length: [u8; 4] = buffer.get(kind..kind + 4)?.try_into().ok()?;
        let end = kind + usize::try_from(u32::from_be_bytes(length)).ok()?;
        if buffer.len() < end {
            return None;
        }
        self.is_first = false;
        Some(buffer.split_to(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_split_wherever_the_bytes_are_cut() {
        let bytes = b"\0\0\0\x08\0\x03\0\0Q\0\0\0\x06x\0A\0\0\0\x04";
        for cut in 0..bytes.len() {
            let (mut reader, mut buffer, mut found) =
                (Reader::new(Direction::ToServer), BytesMut::new(), Vec::new());
            for part in [&bytes[..cut], &bytes[cut..]] {
                buffer.extend_from_slice(part);
                while let Some(message) = reader.next(&mut buffer) {
                    found.push(message.len());
                }
            }
            assert_eq!(found, [8, 7, 5], "{cut}");
        }
    }

    /// Otherwise nothing is held any more, and nobody sees that.
    #[test]
    fn the_statement_is_known_by_what_it_has() {
        let store = include_bytes!("../../../crates/store/src/postgres/revision.rs");
        let places = store.windows(LOG_READ.len()).filter(|text| *text == LOG_READ).count();
        assert_eq!(places, 1);
    }

    #[test]
    fn what_is_lost_and_what_is_held_is_known_by_its_type() {
        assert!(Direction::ToClient.is_news(b"A\0\0\0\x04") && !Direction::ToServer.is_news(b"A"));
        let mut reads = LogReads::default();
        let mut is_read = |message: &[u8]| reads.has(Direction::ToServer, message);
        assert!(!is_read(b"B\0\0\0\0\0s_1\0"), "not prepared yet");
        assert!(is_read(b"P\0\0\0\0s_1\0SELECT a, (SELECT string_agg(concat_ws(b))\0"));
        assert!(!is_read(b"P\0\0\0\0s_2\0SELECT a\0"));
        assert!(is_read(b"B\0\0\0\0\0s_1\0") && !is_read(b"B\0\0\0\0\0s_2\0"));
        assert!(!reads.has(Direction::ToClient, b"B\0\0\0\0\0s_1\0"));
    }
}
