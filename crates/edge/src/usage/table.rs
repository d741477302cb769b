//! A table of counters with a fixed number of places, for one writer and any number of readers.
//!
//! Open addressing: a series is at the place of its hash or at one behind it. Nothing is ever taken out; the table as a whole is
//! replaced.

use super::Agent;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use titan_core::usage::{Outcome, Series, Tally, Who};
use titan_token::{KeyId, TenantId};

/// Bits of the number of places: 8,192 of 16 bytes.
const BITS: u32 = 13;
/// So many series have their detail.
const DETAILED: usize = 4096;
/// So many at most name a tenant. Those that are left are the outcomes, of which there are about forty.
const OF_TENANTS: usize = 6000;

/// What is counted by itself.
#[derive(Clone, Copy)]
pub(super) struct Id<'a> {
    pub(super) tenant: Who<TenantId>,
    pub(super) key: Who<KeyId>,
    pub(super) route: Who<&'a Arc<str>>,
    pub(super) outcome: &'static str,
}

/// The address and the program of a client. It is copied only into a cell that has none.
pub(super) type Client<'a> = (IpAddr, &'a Agent);

/// A client that was seen.
pub(super) struct Seen {
    pub(super) at: Instant,
    pub(super) address: IpAddr,
    pub(super) agent: Agent,
}

pub(super) struct Cell {
    tenant: Who<TenantId>,
    key: Who<KeyId>,
    route: Who<Arc<str>>,
    outcome: &'static str,
    requests: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    micros: AtomicU64,
    /// Of the first exchange that has one: those of pages have none.
    client: OnceLock<Box<Seen>>,
}

pub(super) struct Table {
    places: Box<[OnceLock<Box<Cell>>]>,
    used: AtomicUsize,
}

impl Table {
    pub(super) fn new() -> Self {
        Self { places: (0..1 << BITS).map(|_| OnceLock::new()).collect(), used: AtomicUsize::new(0) }
    }

    /// Counts an exchange. Where there is no room for its detail, it counts for its tenant; where there is none for that, for its outcome.
    pub(super) fn count(&self, id: Id<'_>, tally: Tally, client: Option<Client<'_>>) {
        let of_tenant = Id { key: Who::Other, route: Who::Other, ..id };
        let of_outcome = Id { tenant: Who::Other, ..of_tenant };
        let cell = self.cell(id, DETAILED);
        if let (Some(cell), Some(client)) = (cell, client) {
            cell.see(client);
        }
        let cell = cell.or_else(|| self.cell(of_tenant, OF_TENANTS));
        if let Some(cell) = cell.or_else(|| self.cell(of_outcome, usize::MAX)) {
            cell.add(tally);
        }
    }

    /// The cell of a series. One that is new needs room: fewer than so many cells.
    fn cell(&self, id: Id<'_>, room: usize) -> Option<&Cell> {
        let begin = id.hash();
        for step in 0..self.places.len() {
            let place = &self.places[(begin + step) % self.places.len()];
            if place.get().is_none() {
                if self.used.load(Ordering::Relaxed) >= room {
                    return None;
                }
                self.fill(place, id);
            }
            if let Some(cell) = place.get().filter(|cell| cell.is_of(id)) {
                return Some(cell);
            }
        }
        None
    }

    /// Whoever comes second finds it filled, perhaps with another series.
    fn fill(&self, place: &OnceLock<Box<Cell>>, id: Id<'_>) {
        if place.set(Box::new(Cell::new(id))).is_ok() {
            self.used.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// All that was counted.
    pub(super) fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.places.iter().filter_map(OnceLock::get).map(AsRef::as_ref)
    }
}

impl Id<'_> {
    /// Where its place begins. The random bits of a key are its own; of the others, a few bits are enough.
    fn hash(self) -> usize {
        let key = if let Who::Known(key) = self.key { key.uuid().halves().1 } else { 0 };
        let tenant = if let Who::Known(tenant) = self.tenant { u64::from(tenant.0) } else { 1 << 40 };
        let route =
            if let Who::Known(route) = self.route { Arc::as_ptr(route).cast::<u8>().addr() } else { 0 };
        let route = u64::try_from(route).unwrap_or_default().rotate_left(20);
        let letter = |place: usize| u64::from(*self.outcome.as_bytes().get(place).unwrap_or(&0));
        let outcome = letter(0) ^ (letter(4) << 5) ^ (letter(9) << 10) ^ (letter(12) << 15);
        let mixed = (key ^ tenant.rotate_left(44) ^ route ^ outcome).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        usize::try_from(mixed >> (u64::BITS - BITS)).unwrap_or_default()
    }
}

impl Cell {
    fn new(id: Id<'_>) -> Self {
        let Id { tenant, key, outcome, .. } = id;
        let route = match id.route {
            Who::Known(route) => Who::Known(Arc::clone(route)),
            Who::Nobody => Who::Nobody,
            Who::Other => Who::Other,
        };
        let [requests, bytes_in, bytes_out, micros] = [const { AtomicU64::new(0) }; 4];
        let client = OnceLock::new();
        Self { tenant, key, route, outcome, requests, bytes_in, bytes_out, micros, client }
    }

    fn see(&self, (address, agent): Client<'_>) {
        self.client.get_or_init(|| Box::new(Seen { at: Instant::now(), address, agent: *agent }));
    }

    fn is_of(&self, id: Id<'_>) -> bool {
        let is_route = match (&self.route, id.route) {
            // Policies that are read anew have texts of their own; a flush puts equal ones together.
            (Who::Known(own), Who::Known(other)) => Arc::ptr_eq(own, other),
            (Who::Nobody, Who::Nobody) | (Who::Other, Who::Other) => true,
            _ => false,
        };
        // Mostly it is the same text at the same place.
        let is_outcome = std::ptr::eq(self.outcome, id.outcome) || self.outcome == id.outcome;
        self.key == id.key && is_route && self.tenant == id.tenant && is_outcome
    }

    fn add(&self, tally: Tally) {
        self.requests.fetch_add(tally.requests, Ordering::Relaxed);
        // Most requests have no body.
        if tally.bytes_in > 0 {
            self.bytes_in.fetch_add(tally.bytes_in, Ordering::Relaxed);
        }
        self.bytes_out.fetch_add(tally.bytes_out, Ordering::Relaxed);
        self.micros.fetch_add(tally.micros, Ordering::Relaxed);
    }

    pub(super) fn series(&self) -> Series {
        let (route, outcome) = (self.route.clone(), Outcome::new(self.outcome));
        Series { tenant: self.tenant, key: self.key, route, outcome }
    }

    pub(super) fn tally(&self) -> Tally {
        let [requests, bytes_in, bytes_out, micros] =
            [&self.requests, &self.bytes_in, &self.bytes_out, &self.micros]
                .map(|cell| cell.load(Ordering::Relaxed));
        Tally { requests, bytes_in, bytes_out, micros }
    }

    /// Which key was used, and from where.
    pub(super) fn client(&self) -> Option<(KeyId, &Seen)> {
        match (self.key, self.client.get()) {
            (Who::Known(key), Some(seen)) => Some((key, seen)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::net::Ipv4Addr;
    use titan_token::Uuid;

    const ONE: Tally = Tally { requests: 1, bytes_in: 2, bytes_out: 3, micros: 4 };

    fn id(tenant: u32, key: u32) -> Id<'static> {
        let [a, b, c, d] = key.to_be_bytes();
        let key = KeyId::new(Uuid::v7(1, [0, 0, 0, 0, 0, 0, a, b, c, d]));
        Id {
            tenant: Who::Known(TenantId(tenant)),
            key: Who::Known(key),
            route: Who::Nobody,
            outcome: "allowed",
        }
    }

    fn sum(table: &Table, is_wanted: impl Fn(&Series) -> bool) -> u64 {
        table.cells().filter(|cell| is_wanted(&cell.series())).map(|cell| cell.tally().requests).sum()
    }

    #[test]
    fn a_series_counts_in_one_cell() {
        let table = Table::new();
        let (a, b): (Arc<str>, Arc<str>) = ("/a".into(), "/b".into());
        for route in [&a, &b, &a] {
            table.count(Id { route: Who::Known(route), ..id(1, 1) }, ONE, None);
        }
        table.count(Id { outcome: "route_not_allowed", ..id(1, 1) }, ONE, None);
        let mut tallies: Vec<_> = table.cells().map(|cell| cell.tally().requests).collect();
        tallies.sort_unstable();
        assert_eq!(tallies, [1, 1, 2]);
        let twice = table.cells().map(Cell::tally).find(|tally| tally.requests == 2).unwrap();
        assert_eq!(twice, Tally { requests: 2, bytes_in: 4, bytes_out: 6, micros: 8 });
    }

    #[test]
    fn the_client_is_that_of_the_first_exchange_that_has_one() {
        let table = Table::new();
        let (agent, other) = (Agent::new(None), Ipv4Addr::BROADCAST.into());
        for client in [None, Some((Ipv4Addr::LOCALHOST.into(), &agent)), Some((other, &agent)), None] {
            table.count(id(1, 1), ONE, client);
        }
        let seen: Vec<_> = table.cells().filter_map(Cell::client).map(|(_, seen)| seen.address).collect();
        assert_eq!(seen, [IpAddr::from(Ipv4Addr::LOCALHOST)]);
    }

    #[test]
    fn a_million_keys_have_bounded_memory_and_their_tenants_their_sums() {
        let table = Table::new();
        for key in 0..1_000_000 {
            table.count(id(key % 3, key), ONE, None);
        }
        assert!(table.cells().count() <= DETAILED + 3, "{}", table.cells().count());
        let keys: HashSet<_> = table.cells().map(|cell| cell.series().key).collect();
        assert_eq!(keys.len(), DETAILED + 1, "those that came first, and the others together");
        for tenant in 0..3 {
            let of_tenant = |series: &Series| series.tenant == Who::Known(TenantId(tenant));
            assert_eq!(sum(&table, of_tenant), 333_333 + u64::from(tenant == 0));
        }
    }

    #[test]
    fn a_million_tenants_have_bounded_memory_and_no_count_is_lost() {
        let table = Table::new();
        for tenant in 0..1_000_000 {
            table.count(id(tenant, tenant), ONE, None);
        }
        assert_eq!(table.cells().count(), OF_TENANTS + 1);
        assert_eq!(sum(&table, |_| true), 1_000_000);
        // Who had a place keeps it.
        table.count(id(5, 5), ONE, None);
        assert_eq!(sum(&table, |series| series.key == id(5, 5).key), 2);
    }
}
