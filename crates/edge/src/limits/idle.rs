//! Purses that are looked at again when their loan has ended.

use super::purse::Purse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, PoisonError};
use titan_core::time::Uptime;

/// In the order of their ends.
#[derive(Default)]
pub(super) struct Idle(Mutex<BinaryHeap<Due>>);

struct Due {
    /// In milliseconds of uptime.
    at: u64,
    purse: Arc<Purse>,
}

impl Idle {
    pub(super) fn add(&self, purse: Arc<Purse>, at: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Due { at, purse });
    }

    /// Those whose time has come.
    pub(super) fn due(&self, now: Uptime) -> Vec<Arc<Purse>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = Vec::new();
        while waiting.peek().is_some_and(|next| next.at <= now.ms()) {
            due.extend(waiting.pop().map(|due| due.purse));
        }
        due
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The earliest is the greatest.
impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.at.cmp(&self.at)
    }
}
