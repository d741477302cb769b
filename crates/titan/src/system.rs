//! The system's clocks and randomness: read here, and passed on as arguments.

use std::time::Duration;
use titan_core::entropy::Entropy;
use titan_core::time::{Clock, Timestamp, Uptime};

/// The system's clocks.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_ms(ms.saturating_add(titan_edge::fault::wall_offset_ms()))
    }

    fn uptime(&self) -> Uptime {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let secs = u64::try_from(time.tv_sec).unwrap_or_default();
        Uptime::new(Duration::new(secs, u32::try_from(time.tv_nsec).unwrap_or_default()))
    }
}

/// The kernel's random bytes, by `getrandom(2)`. The first call waits until the kernel has collected enough.
#[derive(Clone, Copy, Debug)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that draws random bytes")]
    fn fill(&self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            // A key made of anything else than random bytes is worse than no program.
            std::process::abort();
        }
    }
}
