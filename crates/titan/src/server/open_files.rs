//! The limit of open files: each connection takes one, and a proxied one takes two.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit to the hard limit, and returns how many files may be open. On most systems the soft limit is
/// 1,024, for programs that use `select`. Titan does not use it.
pub(super) fn raise() -> u64 {
    let before = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: before.maximum, ..before };
    if before.current != before.maximum
        && let Err(error) = setrlimit(Resource::Nofile, raised)
    {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
    // Without a limit, this number is more than will ever be open.
    let now = getrlimit(Resource::Nofile).current.unwrap_or(u64::from(u32::MAX));
    tracing::info!(open_files = now, "the limit of open files");
    now
}
