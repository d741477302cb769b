//! Whether the log is one unbroken chain, read piece by piece.

use crate::Console;
use crate::signed::Signed;
use crate::when::grouped;
use std::fmt;
use std::str::FromStr;
use titan_core::Error;
use titan_core::audit::{GENESIS, Hash, Row, chain};

/// So many rows are in memory at once, and so many pieces are read for one page.
const PIECE: u32 = 1000;
const PIECES: u32 = 100;

/// A row and its hash, as `titan audit verify` prints it: they stand for all rows up to this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) sequence: i64,
    hash: Hash,
}

/// What reading on has shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// This row does not follow from the one before it.
    Broken(i64),
    /// There are no rows behind this one, and all of them follow.
    End(Head),
    /// All of them follow up to this one. There are more.
    More(Head),
}

impl Head {
    /// Before the first row.
    pub(super) const BEGIN: Self = Self { sequence: 0, hash: GENESIS };

    /// Its number, as people read it.
    pub(super) fn number(&self) -> String {
        grouped(self.sequence.unsigned_abs())
    }

    /// Whether the log has this row, with this hash.
    pub(super) async fn is_there(self, console: &Console, signed: &Signed) -> Result<bool, Error> {
        let before = self.sequence.saturating_sub(1);
        let (rows, _) = console.audit.chain(&signed.permit(None)?, before, 1).await?;
        Ok(self == Self::BEGIN || rows.first().is_some_and(|row| Self::of(row) == self))
    }

    fn of(row: &Row) -> Self {
        Self { sequence: row.sequence, hash: row.hash }
    }

    /// The last of these rows, or the first that does not follow from the one before it.
    fn follow(self, rows: &[Row]) -> Result<Self, i64> {
        rows.iter().try_fold(self, |head, row| {
            let next = Self { sequence: head.sequence + 1, hash: chain(&head.hash, &row.fields) };
            if next == Self::of(row) { Ok(next) } else { Err(next.sequence) }
        })
    }

    /// Reads on behind this row, as far as one page goes.
    pub(super) async fn read_on(self, console: &Console, signed: &Signed) -> Result<Found, Error> {
        let mut head = self;
        for _ in 0..PIECES {
            let (rows, next) = console.audit.chain(&signed.permit(None)?, head.sequence, PIECE).await?;
            head = match head.follow(&rows) {
                Ok(head) => head,
                Err(sequence) => return Ok(Found::Broken(sequence)),
            };
            if next.is_none() {
                return Ok(Found::End(head));
            }
        }
        Ok(Found::More(head))
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = hex_simd::encode_to_string(self.hash, hex_simd::AsciiCase::Lower);
        write!(f, "{}:{hash}", self.sequence)
    }
}

impl FromStr for Head {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (sequence, hash) = text.split_once(':').ok_or(())?;
        let hash = hex_simd::decode_to_vec(hash).map_err(|_| ())?;
        Ok(Self { sequence: sequence.parse().map_err(|_| ())?, hash: hash.try_into().map_err(|_| ())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let mut hash = GENESIS;
        (1..=4)
            .map(|sequence| {
                let fields = std::array::from_fn(|field| format!("{sequence}.{field}"));
                hash = chain(&hash, &fields);
                Row { sequence, fields, hash }
            })
            .collect()
    }

    #[test]
    fn a_changed_a_removed_and_a_moved_row_are_found() {
        assert_eq!(Head::BEGIN.follow(&rows()), Ok(Head::of(&rows()[3])));
        let mut changed = rows();
        changed[2].fields[6].push('x');
        assert_eq!(Head::BEGIN.follow(&changed), Err(3));
        let mut removed = rows();
        removed.remove(1);
        assert_eq!(Head::BEGIN.follow(&removed), Err(2));
        removed.iter_mut().zip(1..).for_each(|(row, sequence)| row.sequence = sequence);
        assert_eq!(Head::BEGIN.follow(&removed), Err(2));
        let mut renumbered = rows();
        renumbered[3].sequence = 5;
        assert_eq!(Head::BEGIN.follow(&renumbered), Err(4));
    }

    #[test]
    fn a_head_reads_as_it_prints() {
        let head = Head::of(&rows()[3]);
        assert_eq!(head.to_string().parse(), Ok(head));
        for bad in ["", "4", "4:", "x:00", "4:0", &head.to_string()[..60]] {
            assert_eq!(bad.parse::<Head>(), Err(()), "{bad}");
        }
        assert_eq!(Head::BEGIN.to_string().parse::<Head>().unwrap(), Head::BEGIN);
    }
}
