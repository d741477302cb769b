//! How much memory this process uses.

use std::fs;

/// Resident bytes: the second field of `/proc/self/statm`, which counts pages.
pub fn resident() -> anyhow::Result<usize> {
    let statm = fs::read_to_string("/proc/self/statm")?;
    let pages = statm.split_whitespace().nth(1).ok_or_else(|| anyhow::anyhow!("statm has no second field"))?;
    Ok(pages.parse::<usize>()? * rustix::param::page_size())
}
