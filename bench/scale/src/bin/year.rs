//! A year of revocations in the memory of one instance: `titan-year REVOCATIONS_A_DAY` prints a line for each 30 days.
//!
//! Keys live for 90 days and are revoked on the day on which they are made, which keeps them in memory for the longest
//! time. What has expired is forgotten a day later, as `follower/sweep.rs` does it. The database is left out:
//! `tests/it/sweeping.rs` lives through the same year with one, with fewer revocations.

use anyhow::{Context, Result};
use std::sync::Arc;
use std::time::Instant;
use titan::system::SystemClock;
use titan_core::access::Catalogue;
use titan_core::revision::{Change, KeyStatus};
use titan_edge::Guard;
use titan_token::{KeyId, Uuid};

const DAYS: u64 = 365;
const LIFETIME: u64 = 90;
const DAY_MS: u64 = 86_400_000;
/// As many as the follower applies at once.
const PIECE: u64 = 10_000;
const REVOKED: KeyStatus = KeyStatus { is_revoked: true, is_disabled: false, retirement: None, rate_limit: None, limited_as: None };

/// The key with this number of a day. Its random bits follow from both, so that nobody has to remember it.
fn key(day: u64, number: u64) -> KeyId {
    let seed = (day << 32) | number;
    let random = (u128::from(mix(seed)) << 64 | u128::from(mix(!seed))).to_be_bytes();
    let mut bits = [0; 10];
    bits.copy_from_slice(&random[..10]);
    KeyId::new(Uuid::v7(day * DAY_MS + number, bits))
}

/// The finalizer of `SplitMix64`.
fn mix(seed: u64) -> u64 {
    let seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let seed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let seed = (seed ^ (seed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    seed ^ (seed >> 31)
}

fn apply(guard: &Guard, day: u64, a_day: u64, status: KeyStatus) {
    for first in (0..a_day).step_by(usize::try_from(PIECE).unwrap_or(1)) {
        let numbers = first..(first + PIECE).min(a_day);
        let changes: Vec<_> = numbers.map(|number| Change::Key(key(day, number), status)).collect();
        guard.apply(&changes);
    }
}

/// Resident bytes of this process.
fn resident() -> Result<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    Ok(pages.split(' ').nth(1).context("statm")?.parse::<u64>()? * 4096)
}

fn main() -> Result<()> {
    let a_day: u64 = std::env::args().nth(1).context("titan-year REVOCATIONS_A_DAY")?.parse()?;
    let catalogue = Arc::new(Catalogue::new([]).map_err(|error| anyhow::anyhow!("{error}"))?);
    let guard = Guard::without_database(catalogue, Arc::new(SystemClock));
    let (before, began) = (resident()?, Instant::now());
    for day in 1..=DAYS {
        apply(&guard, day, a_day, REVOKED);
        if day > LIFETIME + 1 {
            apply(&guard, day - LIFETIME - 1, a_day, KeyStatus::default());
        }
        if day % 30 == 0 || day == DAYS {
            let (keys, memory) = (guard.restricted_count(), (resident()? - before) / 1_000_000);
            println!("day {day}: {keys} keys in memory, {memory} MB, {:.1} s", began.elapsed().as_secs_f64());
        }
    }
    Ok(())
}
