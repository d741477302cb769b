//! What the workers have counted, added up and cut into pieces.

use super::client::network;
use super::table::Table;
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
    /// Begins new tables, and adds the pieces of the old ones to what waits.
    pub(super) async fn take(&self, state: &mut State) {
        let now = self.clock.now();
        let mut sums = Sums::default();
        for counts in self.workers() {
            sums.add(&counts.take().await, now);
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
            if let Some((key, (address, agent))) = cell.client() {
                self.clients.entry(key).or_insert_with(|| LastClient {
                    at: now,
                    address: network(address),
                    user_agent: agent.text(),
                });
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

/// The next part of a list.
fn cut<T>(list: &mut Vec<T>) -> Vec<T> {
    let rest = list.split_off(list.len().min(PIECE));
    replace(list, rest)
}
