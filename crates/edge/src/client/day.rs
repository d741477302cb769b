//! What persons may send on a day: counted in the database, and what it has refused is refused from memory.

use quick_cache::sync::Cache;
use std::time::Duration;
use titan_core::Error;
use titan_core::client_token::Day;
use titan_core::limit::{LOAN, Person};
use titan_core::port::Store;
use titan_core::time::Timestamp;

/// How many refusals are remembered. Of any other the database is asked once more.
const REMEMBERED: usize = 100_000;
/// A request does not wait longer: what it has taken of other limits would count for another minute.
const PATIENCE: Duration = LOAN;

/// The counts of days.
pub(crate) struct DayCounts {
    /// Persons who have sent so many on this day, and may send no more.
    used_up: Cache<Person, (Day, u32)>,
}

impl DayCounts {
    pub(crate) fn new() -> Self {
        Self { used_up: Cache::new(REMEMBERED) }
    }

    /// Refuses a person of whom it is known that they have sent as many as they may. It asks nobody.
    pub(crate) fn check(&self, person: Person, most: u32, now: Timestamp) -> Result<(), Error> {
        let is_used_up = |&(day, sent): &(Day, u32)| day == Day(now.day()) && most <= sent;
        if self.used_up.get(&person).as_ref().is_some_and(is_used_up) { Err(refusal(now)) } else { Ok(()) }
    }

    /// Counts one more.
    pub(crate) async fn count(
        &self,
        store: &dyn Store,
        person: Person,
        most: u32,
        now: Timestamp,
    ) -> Result<(), Error> {
        let day = Day(now.day());
        let counted = tokio::time::timeout(PATIENCE, store.count_daily(person, day, most)).await;
        if counted.map_err(Error::not_ready)?? {
            return Ok(());
        }
        self.used_up.insert(person, (day, most));
        Err(refusal(now))
    }
}

fn refusal(now: Timestamp) -> Error {
    Error::throttled("daily limit reached", now.secs_to_midnight())
}
