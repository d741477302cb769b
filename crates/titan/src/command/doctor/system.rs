//! The machine: its clock that nobody can set, and how many files may be open.

use super::finding::Finding;
use rustix::process::{Resource, getrlimit};
use std::time::Duration;
use titan_core::time::Clock;
use tokio::time::interval;

/// A third of the open files are connections: below this, few clients fit.
const FEW_FILES: u64 = 4096;
const TICK: Duration = Duration::from_millis(20);

/// Titan raises its limit to the hard one.
pub(super) fn open_files() -> Finding {
    match getrlimit(Resource::Nofile).maximum {
        Some(files @ ..FEW_FILES) => Finding::warning(
            "open files",
            format!("at most {files} may be open, so there are few connections"),
            "Raise the limit: LimitNOFILE=65536 for systemd, or ulimit -Hn 65536.",
        ),
        Some(files) => Finding::ok("open files", format!("at most {files}")),
        None => Finding::ok("open files", "no limit"),
    }
}

/// Leases are measured with it.
pub(super) async fn uptime(clock: &dyn Clock) -> Finding {
    let before = clock.uptime();
    // By another clock of the system.
    let mut ticks = interval(TICK);
    ticks.tick().await;
    ticks.tick().await;
    if clock.uptime().since(before) >= TICK / 2 {
        return Finding::ok("boot clock", "runs");
    }
    let advice =
        "Do not run Titan here: its leases would not end. See whether the sandbox replaces CLOCK_BOOTTIME.";
    Finding::problem("boot clock", "does not run", advice)
}
