//! A key, and what was promised of it.

use crate::lock;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Instant;

/// More lines of a history than this are forgotten, the oldest first.
const MOST_LINES: usize = 120;

pub(crate) struct Key {
    pub(crate) number: usize,
    pub(crate) id: String,
    pub(crate) text: String,
    /// The signing key that it was signed with.
    pub(crate) slot: usize,
    fate: Mutex<Fate>,
}

#[derive(Default)]
struct Fate {
    /// Each request that begins later must pass, if its instance knows at all.
    passes_since: Option<Instant>,
    /// Each request that begins later must be refused.
    fails_since: Option<Instant>,
    /// The same for its signing key, which nothing brings back.
    is_gone_since: Option<Instant>,
    /// Its signing key is being retired.
    is_condemned: bool,
    /// The accepted request that began last.
    last_pass: Option<Instant>,
    history: VecDeque<(Instant, String)>,
}

/// What must happen to a request that begins now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Passes,
    Fails,
    /// A change is under way.
    Either,
}

impl Key {
    pub(crate) fn new(number: usize, id: String, text: String) -> Self {
        let slot = slot(&text).unwrap_or_default();
        Self { number, id, text, slot, fate: Mutex::default() }
    }

    pub(crate) fn due(&self) -> Due {
        let fate = lock(&self.fate);
        match (fate.passes_since, fate.must_fail_since()) {
            (_, Some(_)) => Due::Fails,
            (Some(_), None) => Due::Passes,
            (None, None) => Due::Either,
        }
    }

    pub(crate) fn note(&self, what: String) {
        lock(&self.fate).note(Instant::now(), what);
    }

    /// From now on nobody knows, until an answer is there.
    pub(crate) fn begin_change(&self, what: String) {
        let mut fate = lock(&self.fate);
        fate.passes_since = None;
        fate.note(Instant::now(), what);
    }

    /// The same for a change that makes it good again.
    pub(crate) fn begin_pardon(&self, what: String) {
        let mut fate = lock(&self.fate);
        fate.fails_since = None;
        fate.note(Instant::now(), what);
    }

    /// It was issued, or made good again.
    pub(crate) fn is_good_since(&self, received: Instant, what: String) {
        let mut fate = lock(&self.fate);
        if !fate.is_condemned {
            fate.passes_since = Some(received);
        }
        fate.note(received, what);
    }

    /// Nothing makes it good again from now on; the receipt is still to come.
    pub(crate) fn condemn(&self) {
        let mut fate = lock(&self.fate);
        (fate.is_condemned, fate.passes_since) = (true, None);
    }

    /// The receipt of a change that forbids it. Says how it was broken, if it was broken already.
    pub(crate) fn is_bad_since(&self, received: Instant, what: String) -> Option<String> {
        let mut fate = lock(&self.fate);
        (fate.fails_since, fate.passes_since) = (Some(received), None);
        fate.judge(received, what)
    }

    /// The receipt of the end of its signing key.
    pub(crate) fn is_gone_since(&self, received: Instant, what: String) -> Option<String> {
        let mut fate = lock(&self.fate);
        (fate.is_gone_since, fate.passes_since) = (Some(received), None);
        fate.judge(received, what)
    }

    /// A request was accepted that began then.
    pub(crate) fn passed(&self, began: Instant, by: &str) -> Option<String> {
        let mut fate = lock(&self.fate);
        fate.note(began, format!("a request begins that is accepted: {by}"));
        fate.last_pass = fate.last_pass.max(Some(began));
        let late = began.checked_duration_since(fate.must_fail_since()?)?;
        Some(format!("accepted by {by}: the request began {late:?} after the receipt"))
    }

    /// A request was refused that began then.
    pub(crate) fn failed(&self, began: Instant, by: &str) -> Option<String> {
        let mut fate = lock(&self.fate);
        fate.note(began, format!("a request begins that is refused: {by}"));
        began.checked_duration_since(fate.passes_since?)?;
        Some(format!("refused by {by}, and nobody asked for that"))
    }

    /// What happened to it, in the order of time.
    pub(crate) fn history(&self, since: Instant) -> Vec<String> {
        let mut lines: Vec<_> = lock(&self.fate).history.iter().cloned().collect();
        lines.sort();
        let time = |at: Instant| at.saturating_duration_since(since).as_secs_f64();
        lines.into_iter().map(|(at, what)| format!("{:10.4} s  {what}", time(at))).collect()
    }
}

impl Fate {
    fn must_fail_since(&self) -> Option<Instant> {
        [self.fails_since, self.is_gone_since].into_iter().flatten().min()
    }

    /// What was accepted before the receipt was noted here.
    fn judge(&mut self, received: Instant, what: String) -> Option<String> {
        self.note(received, what);
        let is_broken = self.last_pass > Some(received);
        is_broken.then(|| "accepted a request that began after the receipt (seen at the receipt)".to_owned())
    }

    fn note(&mut self, at: Instant, what: String) {
        if self.history.len() == MOST_LINES {
            self.history.pop_front();
        }
        self.history.push_back((at, what));
    }
}

/// `docs/token-format.md`: the low nibble of the first byte of the payload, in base64url.
fn slot(text: &str) -> Option<usize> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let payload = text.len().checked_sub(98)?;
    let six = |place: usize| ALPHABET.iter().position(|c| text.as_bytes().get(place) == Some(c));
    Some((six(payload)? << 2 | six(payload + 1)? >> 4) & 15)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn key() -> Key {
        Key::new(0, String::new(), String::new())
    }

    #[test]
    fn only_what_begins_after_the_receipt_is_too_late() {
        let (key, receipt) = (key(), Instant::now());
        let (before, after) =
            (receipt.checked_sub(Duration::from_millis(1)).unwrap(), receipt + Duration::from_millis(1));
        assert_eq!(key.is_bad_since(receipt, String::new()), None);
        assert_eq!(key.passed(before, "0"), None);
        assert!(key.passed(after, "0").is_some());
        assert_eq!(key.failed(after, "0"), None);
    }

    #[test]
    fn a_receipt_that_is_noted_late_is_held_against_what_was_accepted() {
        let (key, receipt) = (key(), Instant::now());
        assert_eq!(key.passed(receipt + Duration::from_millis(1), "0"), None);
        assert!(key.is_bad_since(receipt, String::new()).is_some());
    }

    #[test]
    fn while_a_change_is_under_way_either_is_right() {
        let (key, start) = (key(), Instant::now());
        key.is_good_since(start, String::new());
        assert!(key.failed(start + Duration::from_millis(1), "0").is_some());
        key.begin_change(String::new());
        assert_eq!((key.failed(start + Duration::from_millis(1), "0"), key.due()), (None, Due::Either));
        key.is_bad_since(start, String::new());
        key.condemn();
        key.begin_pardon(String::new());
        assert_eq!(key.passed(start + Duration::from_secs(1), "0"), None);
        key.is_good_since(start, String::new());
        assert_eq!(key.due(), Due::Either, "a pardon does not bring back what is gone for good");
    }

    #[test]
    fn the_slot_is_read_from_the_key() {
        let rest = "A".repeat(96);
        assert_eq!(slot(&format!("titan_AA{rest}")), Some(0));
        assert_eq!(slot(&format!("titan_Cw{rest}")), Some(11));
    }
}
