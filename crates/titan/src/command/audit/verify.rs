//! `titan audit verify`: computes the chain again, from what was hashed.

use crate::command::client::Client;
use crate::command::remote::{Remote, hex, print, print_json};
use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Deserialize;
use serde_json::json;
use std::fmt;
use std::io::{IsTerminal, stderr};
use std::str::FromStr;
use titan_core::audit::{GENESIS, Hash, chain};

const PATH: &str = "/admin/audit/chain";
const AT_ONCE: &str = "1000";

#[derive(Args)]
pub(super) struct Verify {
    /// The last row of an earlier check, as that printed it: checks that the log still has it, and what it had before
    #[arg(long, value_name = "ROW:HASH")]
    expect: Option<Head>,
}

/// A row and its hash. They stand for all rows up to this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    sequence: i64,
    hash: Hash,
}

/// A row, as Titan answers it.
#[derive(Deserialize)]
struct Link {
    sequence: i64,
    fields: [String; 7],
    hash: String,
}

impl Verify {
    pub(super) fn run(&self, remote: &Remote) -> Result<()> {
        let head = self.check(&remote.client()?)?;
        if remote.json {
            return print_json(&json!({ "rows": head.sequence, "head": head.to_string() }));
        }
        print(&format!(
            "{} rows, one unbroken chain.\nTo find out later whether rows up to here were removed or replaced:\n  \
             titan audit verify --expect {head}",
            head.sequence
        ))
    }

    fn check(&self, client: &Client) -> Result<Head> {
        let mut head = Head { sequence: 0, hash: GENESIS };
        let mut is_expected = self.expect.is_none_or(|expected| expected == head);
        let mut cursor = None;
        loop {
            let query: Vec<_> =
                [("limit", AT_ONCE.to_owned())].into_iter().chain(cursor.map(|at| ("cursor", at))).collect();
            let answer = client.get(PATH, &query)?;
            let links = Vec::<Link>::deserialize(&answer.data).context("this Titan has another version")?;
            for link in &links {
                head = head.next(link)?;
                is_expected |= self.expect == Some(head);
            }
            show_progress(head.sequence);
            cursor = answer.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        match self.expect {
            Some(expected) if !is_expected => bail!(missing(expected, head)),
            _ => Ok(head),
        }
    }
}

impl Head {
    /// The row after this one, if it follows.
    fn next(self, link: &Link) -> Result<Self> {
        let next = Self { sequence: self.sequence + 1, hash: chain(&self.hash, &link.fields) };
        if link.sequence != next.sequence {
            bail!("row {} is missing: row {} follows row {}", next.sequence, link.sequence, self.sequence);
        }
        if link.hash != hex(&next.hash) {
            bail!(
                "row {} does not follow from row {}: it was changed, or a row before it was changed, removed or moved",
                next.sequence,
                self.sequence
            );
        }
        Ok(next)
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.sequence, hex(&self.hash))
    }
}

impl FromStr for Head {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (sequence, hash) = text.split_once(':')?;
            let hash = hex_simd::decode_to_vec(hash).ok()?;
            Some(Self { sequence: sequence.parse().ok()?, hash: hash.try_into().ok()? })
        };
        read().ok_or("must be what `titan audit verify` printed: a number, a colon and 64 hexadecimal digits")
    }
}

fn missing(expected: Head, head: Head) -> String {
    if head.sequence < expected.sequence {
        format!(
            "the log has {} rows, and had {}: the last ones were removed",
            head.sequence, expected.sequence
        )
    } else {
        format!("row {} is another one than before: the log was replaced", expected.sequence)
    }
}

/// For somebody who waits.
fn show_progress(rows: i64) {
    if stderr().is_terminal() {
        eprint!("\r{rows} rows\x1b[K\r");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links() -> Vec<Link> {
        let mut hash = GENESIS;
        (1..=4)
            .map(|sequence| {
                let fields = std::array::from_fn(|field| format!("{sequence}.{field}"));
                hash = chain(&hash, &fields);
                Link { sequence, fields, hash: hex(&hash) }
            })
            .collect()
    }

    fn verify(links: &[Link]) -> Result<Head> {
        links.iter().try_fold(Head { sequence: 0, hash: GENESIS }, Head::next)
    }

    fn refused(links: &[Link]) -> String {
        verify(links).unwrap_err().to_string()
    }

    #[test]
    fn a_changed_a_removed_and_a_moved_row_are_found() {
        assert_eq!(verify(&links()).unwrap().sequence, 4);
        let mut changed = links();
        changed[2].fields[6].push('x');
        assert!(refused(&changed).starts_with("row 3 does not follow from row 2"));
        let mut removed = links();
        removed.remove(1);
        assert_eq!(refused(&removed), "row 2 is missing: row 3 follows row 1");
        removed.iter_mut().zip(1..).for_each(|(link, sequence)| link.sequence = sequence);
        assert!(refused(&removed).starts_with("row 2 does not follow from row 1"));
        let mut moved = links();
        moved.swap(1, 2);
        moved.iter_mut().zip(1..).for_each(|(link, sequence)| link.sequence = sequence);
        assert!(refused(&moved).starts_with("row 2 does not follow from row 1"));
    }

    #[test]
    fn a_head_reads_as_it_prints() {
        let head = verify(&links()).unwrap();
        assert_eq!(head.to_string().parse(), Ok(head));
        for text in
            ["", "4", "4:", "x:00", &format!("4:{}", "0".repeat(63)), &format!("4:{}", "z".repeat(64))]
        {
            assert!(text.parse::<Head>().is_err(), "{text}");
        }
    }
}
