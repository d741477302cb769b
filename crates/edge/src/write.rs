//! Writing an answer or a request whose head and body are separate pieces.

use std::io::IoSlice;

/// Pieces that are together at most as long as this are copied into one.
const SHORT: usize = 1024;

/// Writes the only piece that is not empty, or short pieces as one. `None`: they are long, and nothing was written.
///
/// Linux takes one piece (`send`) for less than several (`writev`), and a short copy costs less than the difference.
pub fn write_as_one<T>(pieces: &[IoSlice<'_>], write: impl FnOnce(&[u8]) -> T) -> Option<T> {
    let mut full = pieces.iter().filter(|piece| !piece.is_empty());
    if let (Some(only), None) = (full.next(), full.next()) {
        return Some(write(only));
    }
    if pieces.iter().map(|piece| piece.len()).sum::<usize>() > SHORT {
        return None;
    }
    let mut joined = [0; SHORT];
    let mut end = 0;
    for piece in pieces {
        let begin = end;
        end += piece.len();
        joined[begin..end].copy_from_slice(piece);
    }
    Some(write(&joined[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pieces: &[&[u8]]) -> Option<Vec<u8>> {
        let pieces: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        write_as_one(&pieces, <[u8]>::to_vec)
    }

    #[test]
    fn short_pieces_become_one() {
        assert_eq!(written(&[b"head", b"", b"body"]).unwrap(), b"headbody");
        assert_eq!(written(&[&[1; SHORT - 1], b"x"]).unwrap().len(), SHORT);
        assert_eq!(written(&[&[1; SHORT], b"x"]), None);
        assert_eq!(written(&[b"x", &[1; SHORT]]), None);
    }

    #[test]
    fn the_only_piece_may_be_long() {
        assert_eq!(written(&[b"", &[1; 9 * SHORT], b""]).unwrap(), [1; 9 * SHORT]);
    }

    #[test]
    fn nothing_is_an_empty_piece() {
        assert_eq!(written(&[]).unwrap(), b"");
        assert_eq!(written(&[b"", b""]).unwrap(), b"");
    }
}
