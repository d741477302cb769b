//! What was promised, and what was seen.

use crate::key::{Due, Key};
use crate::lock;
use crate::outcome::Outcome;
use crate::tally::Tally;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What is known of a signing key.
#[derive(Clone, Copy, Default)]
enum Slot {
    #[default]
    Live,
    Retiring,
    Retired(Instant),
}

/// All keys of a database.
pub(crate) struct Ledger {
    pub(crate) began: Instant,
    pub(crate) tally: Arc<Tally>,
    keys: Mutex<(Vec<Arc<Key>>, [Slot; 16])>,
    violations: Mutex<Vec<String>>,
    is_broken: AtomicBool,
}

impl Ledger {
    pub(crate) fn new(tally: Arc<Tally>) -> Self {
        Self {
            began: Instant::now(),
            tally,
            keys: Mutex::default(),
            violations: Mutex::default(),
            is_broken: AtomicBool::new(false),
        }
    }

    /// Notes a key that an answer contained.
    pub(crate) fn add(&self, id: String, text: String, received: Instant, what: String) -> Arc<Key> {
        let mut keys = lock(&self.keys);
        let key = Arc::new(Key::new(keys.0.len(), id, text));
        keys.0.push(Arc::clone(&key));
        match keys.1.get(key.slot) {
            Some(Slot::Retiring) => key.condemn(),
            Some(Slot::Retired(since)) => {
                key.condemn();
                self.judge(&key, key.is_gone_since(*since, "its signing key is retired".to_owned()));
            }
            _ => key.is_good_since(received, what),
        }
        key
    }

    pub(crate) fn keys(&self) -> Vec<Arc<Key>> {
        lock(&self.keys).0.clone()
    }

    /// One of the newest keys, or one of all: by these two draws.
    pub(crate) fn draw(&self, newest: usize, place: usize) -> Option<Arc<Key>> {
        let keys = lock(&self.keys);
        let count = keys.0.len();
        let first = count.saturating_sub(newest);
        keys.0.get(first + place % (count - first).max(1)).cloned()
    }

    /// Somebody is about to retire a signing key.
    pub(crate) fn begin_retirement(&self, slot: usize, what: &str) {
        let mut keys = lock(&self.keys);
        if let Some(one) = keys.1.get_mut(slot) {
            *one = Slot::Retiring;
        }
        for key in keys.0.iter().filter(|key| key.slot == slot) {
            key.begin_change(what.to_owned());
            key.condemn();
        }
    }

    pub(crate) fn retired(&self, slot: usize, received: Instant, what: &str) {
        let mut keys = lock(&self.keys);
        if let Some(one) = keys.1.get_mut(slot) {
            *one = Slot::Retired(received);
        }
        for key in keys.0.iter().filter(|key| key.slot == slot) {
            self.judge(key, key.is_gone_since(received, what.to_owned()));
        }
    }

    /// A receipt that forbids the key.
    pub(crate) fn forbidden(&self, key: &Key, received: Instant, what: &str) {
        self.judge(key, key.is_bad_since(received, what.to_owned()));
    }

    /// A request with this key that began then ended.
    pub(crate) fn ended(&self, key: &Key, began: Instant, by: &str, outcome: &Outcome) {
        self.tally.outcome(outcome, key.due());
        let broken = match outcome {
            Outcome::Accepted => key.passed(began, by),
            Outcome::Refused(code) => key.failed(began, &format!("{by} ({code})")),
            _ => None,
        };
        self.judge(key, broken);
    }

    /// A request with this mark ([`Self::mark`]) was let through by a gateway.
    pub(crate) fn reached_upstream(&self, mark: &str) {
        let Some((number, micros)) = mark.split_once('.') else { return };
        let (Ok(number), Ok(micros)) = (number.parse::<usize>(), micros.parse()) else { return };
        let key = lock(&self.keys).0.get(number).cloned();
        let began = self.began + Duration::from_micros(micros);
        if let Some(key) = key {
            self.judge(&key, key.passed(began, "a gateway, as the upstream saw"));
        }
    }

    pub(crate) fn mark(&self, key: &Key, began: Instant) -> String {
        format!("{}.{}", key.number, began.saturating_duration_since(self.began).as_micros())
    }

    fn judge(&self, key: &Key, broken: Option<String>) {
        let Some(what) = broken else { return };
        self.tally.violation();
        self.is_broken.store(true, Ordering::Release);
        let history = key.history(self.began).join("\n    ");
        lock(&self.violations).push(format!("{}: {what}\n    {history}", key.id));
    }

    /// Something else that must not be.
    pub(crate) fn accuse(&self, what: String) {
        self.tally.violation();
        self.is_broken.store(true, Ordering::Release);
        lock(&self.violations).push(what);
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::Acquire)
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        lock(&self.violations).clone()
    }

    /// How many keys must pass and how many must fail.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let keys = self.keys();
        let count = |due| keys.iter().filter(|key| key.due() == due).count();
        (count(Due::Passes), count(Due::Fails))
    }
}
