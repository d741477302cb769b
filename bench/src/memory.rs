//! What keys take in memory.

use crate::{guards, keys};
use std::fs;
use std::process::Command;

/// The argument with which this program measures in place of comparing.
pub const ARGUMENT: &str = "memory-of-revoked";
/// The same for opaque keys.
pub const OPAQUE: &str = "memory-of-opaque";

/// Bytes a revoked key, measured in a process of its own: what another guard gave back would be used again
/// here, and nothing would seem to be used.
pub fn bytes_per_revoked_key(count: usize) -> anyhow::Result<f64> {
    measured(ARGUMENT, count)
}

/// The same of an opaque key.
pub fn bytes_per_opaque_key(count: usize) -> anyhow::Result<f64> {
    measured(OPAQUE, count)
}

fn measured(argument: &str, count: usize) -> anyhow::Result<f64> {
    let output = Command::new(std::env::current_exe()?).args([argument, &count.to_string()]).output()?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// Prints what [`bytes_per_revoked_key`] reads.
pub fn print(count: &str) -> anyhow::Result<()> {
    let before = resident()?;
    let guard = guards::with_revoked(count.parse()?)?;
    let used = u32::try_from(resident()?.saturating_sub(before))?;
    println!("{}", f64::from(used) / f64::from(count.parse::<u32>()?));
    drop(guard);
    Ok(())
}

/// Prints what [`bytes_per_opaque_key`] reads.
pub fn print_opaque(count: &str) -> anyhow::Result<()> {
    let number: u32 = count.parse()?;
    let keys = keys::opaque(number.next_power_of_two().trailing_zeros());
    let before = resident()?;
    let guard = guards::with_opaque(&keys, count.parse()?)?;
    let used = u32::try_from(resident()?.saturating_sub(before))?;
    println!("{}", f64::from(used) / f64::from(number));
    drop(guard);
    Ok(())
}

/// Resident bytes: the second field of `/proc/self/statm`, which counts pages.
fn resident() -> anyhow::Result<usize> {
    let statm = fs::read_to_string("/proc/self/statm")?;
    let pages =
        statm.split_whitespace().nth(1).ok_or_else(|| anyhow::anyhow!("statm has no second field"))?;
    Ok(pages.parse::<usize>()? * rustix::param::page_size())
}
