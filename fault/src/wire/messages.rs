//! The borders of messages.

use bytes::BytesMut;

/// How the log is read: in a transaction that begins like this.
const LOG_BEGINS: &[u8] = b"REPEATABLE READ READ ONLY";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    ToServer,
    ToClient,
}

impl Direction {
    /// `Query` with the begin of that transaction.
    pub(super) fn reads_log(self, message: &[u8]) -> bool {
        let has_text = || message.windows(LOG_BEGINS.len()).any(|part| part == LOG_BEGINS);
        self == Self::ToServer && message.first() == Some(&b'Q') && has_text()
    }

    /// `NotificationResponse`
    pub(super) fn is_news(self, message: &[u8]) -> bool {
        self == Self::ToClient && message.first() == Some(&b'A')
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

    #[test]
    fn what_is_lost_and_what_is_held_is_known_by_its_type() {
        assert!(Direction::ToClient.is_news(b"A\0\0\0\x04") && !Direction::ToServer.is_news(b"A"));
        let begin = b"Q\0\0\0\0BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY\0";
        assert!(Direction::ToServer.reads_log(begin) && !Direction::ToClient.reads_log(begin));
        assert!(!Direction::ToServer.reads_log(b"Q\0\0\0\0BEGIN\0"));
    }
}
