//! A loan in one word, so that spending it is one atomic step.

use std::sync::atomic::{AtomicU64, Ordering};

const LEFT_BITS: u32 = 20;
const TURN_BITS: u32 = 4;
/// No loan is larger.
pub(super) const LARGEST: u32 = (1 << LEFT_BITS) - 1;

/// A loan: when it ends in milliseconds of uptime (40 bits: 34 years), its turn (4 bits: two that end at the same time differ),
/// and what is left of it (20 bits).
#[derive(Default)]
pub(super) struct Word(AtomicU64);

/// Which loan it is: end and turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LoanId(u64);

impl LoanId {
    pub(super) fn new(ends_ms: u64, turn: u64) -> Self {
        Self(ends_ms << TURN_BITS | turn & 0xf)
    }

    pub(super) fn ends_ms(self) -> u64 {
        self.0 >> TURN_BITS
    }
}

fn split(word: u64) -> (LoanId, u32) {
    let left = u32::try_from(word & u64::from(LARGEST)).unwrap_or(0);
    (LoanId(word >> LEFT_BITS), left)
}

impl Word {
    pub(super) fn read(&self) -> (LoanId, u32) {
        split(self.0.load(Ordering::Acquire))
    }

    /// Takes so much from a loan that has not ended: which loan it was, and what is left.
    #[inline]
    pub(super) fn take(&self, amount: u32, now_ms: u64) -> Option<(LoanId, u32)> {
        let mut word = self.0.load(Ordering::Acquire);
        loop {
            let (loan, left) = split(word);
            if now_ms >= loan.ends_ms() || left < amount {
                return None;
            }
            let next = word - u64::from(amount);
            match self.0.compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some((loan, left - amount)),
                Err(other) => word = other,
            }
        }
    }

    /// Whether so much could be taken now.
    #[inline]
    pub(super) fn has(&self, amount: u32, now_ms: u64) -> bool {
        let (loan, left) = self.read();
        now_ms < loan.ends_ms() && left >= amount
    }

    /// Puts back what was taken of this loan. If there is another one by now, it stays spent.
    pub(super) fn put_back(&self, loan: LoanId, amount: u32) {
        let add = |word| {
            let (present, left) = split(word);
            let fits = present == loan && left <= LARGEST - amount.min(LARGEST);
            fits.then(|| word + u64::from(amount))
        };
        // If it is another loan, nothing is changed.
        let _ = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, add);
    }

    /// Ends the loan: nobody spends of it any more. What was left.
    pub(super) fn close(&self) -> u32 {
        split(self.0.swap(0, Ordering::AcqRel)).1
    }

    pub(super) fn open(&self, loan: LoanId, amount: u32) {
        self.0.store(loan.0 << LEFT_BITS | u64::from(amount.min(LARGEST)), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loan_is_spent_until_its_end_and_no_further() {
        let word = Word::default();
        assert_eq!(word.take(1, 0), None, "without a loan");
        let loan = LoanId::new(5000, 3);
        word.open(loan, 3);
        assert_eq!(word.take(2, 4999), Some((loan, 1)));
        assert_eq!(word.take(2, 4999), None);
        assert_eq!(word.take(1, 5000), None, "it has ended");
        assert_eq!(word.close(), 1);
        assert_eq!(word.take(1, 0), None);
    }

    #[test]
    fn what_belongs_to_another_loan_is_not_put_back() {
        let word = Word::default();
        word.open(LoanId::new(5000, 0), 5);
        let (loan, _) = word.take(2, 0).unwrap();
        word.put_back(loan, 2);
        assert_eq!(word.read(), (loan, 5));
        word.open(LoanId::new(5000, 1), 5);
        word.put_back(loan, 2);
        assert_eq!(word.read().1, 5);
        word.close();
        word.put_back(LoanId::new(5000, 1), 1);
        assert_eq!(word.read().1, 0);
    }

    #[test]
    fn many_threads_take_each_unit_once() {
        let word = Word::default();
        word.open(LoanId::new(5000, 0), 100_000);
        let taken: usize = std::thread::scope(|scope| {
            let take = || (0..50_000).filter(|_| word.take(1, 0).is_some()).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(taken, 100_000);
    }
}
