//! What is looked at again at some later time.

use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, PoisonError};
use titan_core::time::Uptime;

/// In the order of their times.
pub(super) struct Agenda<T>(Mutex<BinaryHeap<Due<T>>>);

struct Due<T> {
    /// In milliseconds of uptime.
    at: u64,
    what: Arc<T>,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Agenda<T> {
    pub(super) fn add(&self, what: Arc<T>, at: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Due { at, what });
    }

    /// Those whose time has come.
    pub(super) fn due(&self, now: Uptime) -> Vec<Arc<T>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = Vec::new();
        while waiting.peek().is_some_and(|next| next.at <= now.ms()) {
            due.extend(waiting.pop().map(|due| due.what));
        }
        due
    }
}

impl<T> PartialEq for Due<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Due<T> {}

impl<T> PartialOrd for Due<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The earliest is the greatest.
impl<T> Ord for Due<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.at.cmp(&self.at)
    }
}
