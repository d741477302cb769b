//! What one worker has counted since the last flush.

use super::table::{Id, Table};
use super::{Agent, outcome};
use crate::access_log::{Holder, Record};
use arc_swap::ArcSwap;
use std::sync::Arc;
use std::time::Duration;
use titan_core::usage::{Outcome, Tally, Who};

/// How long a flush waits for whoever counts at this moment.
const MOMENT: Duration = Duration::from_millis(1);

/// What one worker counts.
pub struct Counts {
    table: ArcSwap<Table>,
    keeps_clients: bool,
}

impl Counts {
    pub(super) fn new(keeps_clients: bool) -> Self {
        Self { table: ArcSwap::from_pointee(Table::new()), keeps_clients }
    }

    /// Whether it is counted from where keys are used.
    pub(crate) fn keeps_clients(&self) -> bool {
        self.keeps_clients
    }

    /// Counts an exchange that has ended. `verdict` stands in place of the outcome; `agent` is given if its client is the key's.
    pub(crate) fn count(&self, record: &Record, verdict: Option<&'static str>, agent: Option<&Agent>) {
        let outcome = verdict.unwrap_or_else(|| outcome(record));
        let holder = record.holder;
        let key = holder.and_then(Holder::key).map_or(Who::Nobody, Who::Known);
        let tenant = holder.map_or(Who::Nobody, |holder| Who::Known(holder.tenant()));
        let route = record.route.as_ref().map_or(Who::Nobody, Who::Known);
        let client = agent.filter(|_| outcome == Outcome::ALLOWED).map(|agent| (record.client, agent));
        self.table.load().count(Id { tenant, key, route, outcome }, tally(record), client);
    }

    /// Begins a new table. Somebody may still count in the old one.
    pub(super) fn take(&self) -> Arc<Table> {
        self.table.swap(Arc::new(Table::new()))
    }
}

/// Waits until a table is complete: whoever counted in it has finished.
pub(super) async fn complete(table: &mut Arc<Table>) {
    while Arc::get_mut(table).is_none() {
        tokio::time::sleep(MOMENT).await;
    }
}

fn tally(record: &Record) -> Tally {
    let micros = u64::try_from(record.total_time.as_micros()).unwrap_or(u64::MAX);
    Tally { requests: 1, bytes_in: record.bytes_in, bytes_out: record.bytes_out, micros }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access_log::{Entry, Sinks};
    use http::{HeaderMap, HeaderValue, Method};
    use std::net::Ipv4Addr;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread::{scope, spawn};
    use std::time::Instant;

    fn count(sinks: &Sinks) {
        let (client, id) = (Ipv4Addr::LOCALHOST.into(), HeaderValue::from_static("id"));
        drop(Entry::begin(sinks, Instant::now(), &Method::GET, client, &id, &HeaderMap::new()));
    }

    /// The sum of what the tables have that are taken until this is over, and of the one that is left.
    async fn sum(counts: &Counts, is_over: &AtomicBool) -> u64 {
        let mut sum = 0;
        loop {
            let was_over = is_over.load(Ordering::SeqCst);
            let mut table = counts.take();
            complete(&mut table).await;
            sum += table.cells().map(|cell| cell.tally().requests).sum::<u64>();
            if was_over {
                return sum;
            }
        }
    }

    /// A worker counts on its own thread, while flushes take its tables from it.
    #[tokio::test]
    async fn no_count_is_lost_or_doubled_between_two_tables() {
        const EACH: u64 = 20_000;
        let counts = Arc::new(Counts::new(true));
        let is_over = Arc::new(AtomicBool::new(false));
        let counting = {
            let (counts, is_over) = (Arc::clone(&counts), Arc::clone(&is_over));
            spawn(move || {
                let sinks = Sinks { log: None, usage: Some(counts) };
                scope(|scope| {
                    for _ in 0..2 {
                        scope.spawn(|| (0..EACH).for_each(|_| count(&sinks)));
                    }
                });
                is_over.store(true, Ordering::SeqCst);
            })
        };
        assert_eq!(sum(&counts, &is_over).await, 2 * EACH);
        counting.join().unwrap();
    }
}
