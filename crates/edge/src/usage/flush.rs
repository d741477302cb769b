//! What the workers have counted, added up and cut into pieces.

use super::client::network;
use super::counts::complete;
use super::table::{Seen, Table};
use super::{Counts, State, Usage};
use std::collections::HashMap;
use std::mem::replace;
use std::sync::{Arc, PoisonError};
use titan_core::time::Timestamp;
use titan_core::usage::{Flush, LastClient, Series, Step, Tally};
use titan_token::KeyId;

/// How many series a piece has: other writes wait for one piece at most.
const PIECE: usize = 500;

#[derive(Default)]
struct Sums {
    series: HashMap<Series, Tally>,
    clients: HashMap<KeyId, LastClient>,
}

impl Usage {
    /// Begins new tables, and adds the pieces of the old ones to what waits. Whoever waits for it may go away at each `await`: the next
    /// one finds the old tables in `state`.
    pub(super) async fn take(&self, state: &mut State) {
        state.taken.extend(self.workers().iter().map(|counts| counts.take()));
        for table in &mut state.taken {
            complete(table).await;
        }
        self.add_up(state);
    }

    fn add_up(&self, state: &mut State) {
        let now = self.clock.now();
        let mut sums = Sums::default();
        for table in state.taken.drain(..) {
            sums.add(&table, now);
        }
        let minute = replace(&mut state.minute, Step::Minute.floor(now));
        for (rows, clients) in sums.pieces() {
            state.number += 1;
            let (instance, number) = (self.instance, state.number);
            state.waiting.push_back(Flush { instance, number, minute, rows, clients });
        }
    }

    fn workers(&self) -> Vec<Arc<Counts>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

type Rows = Vec<(Series, Tally)>;
type Clients = Vec<(KeyId, LastClient)>;

impl Sums {
    fn add(&mut self, table: &Table, now: Timestamp) {
        for cell in table.cells() {
            *self.series.entry(cell.series()).or_default() += cell.tally();
            if let Some((key, seen)) = cell.client() {
                self.clients.entry(key).or_insert_with(|| last_client(seen, now));
            }
        }
    }

    /// In the order of the table that they are added to.
    fn pieces(self) -> Vec<(Rows, Clients)> {
        let mut rows: Rows = self.series.into_iter().collect();
        rows.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let mut clients: Clients = self.clients.into_iter().collect();
        clients.sort_unstable_by_key(|(key, _)| *key);
        let count = rows.len().max(clients.len()).div_ceil(PIECE);
        (0..count).map(|_| (cut(&mut rows), cut(&mut clients))).collect()
    }
}

/// When it was seen, and not when that is written: a database that does not answer may be in between.
fn last_client(seen: &Seen, now: Timestamp) -> LastClient {
    let ago = i64::try_from(seen.at.elapsed().as_secs()).unwrap_or_default();
    LastClient { at: now.plus_secs(-ago), address: network(seen.address), user_agent: seen.agent.text() }
}

/// The next part of a list.
fn cut<T>(list: &mut Vec<T>) -> Vec<T> {
    let rest = list.split_off(list.len().min(PIECE));
    replace(list, rest)
}
