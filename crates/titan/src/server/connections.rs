//! All open connections: which new one is accepted, and which old one is closed for it.

use super::activity::Activity;
use super::limits::Caps;
use super::queue::{Entry, Queue};
use crate::dispatch::Port;
use crate::metrics::ConnectionCounts;
use crate::source::Source;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use titan_edge::TrustedProxies;

/// How often the log reports closed connections.
const REPORT: Duration = Duration::from_secs(10);

/// The open connections of all workers. The lock is taken when a connection opens and when it closes.
pub(super) struct Connections {
    /// Their addresses stand for many clients, so they have no cap.
    trusted: TrustedProxies,
    table: Mutex<Table>,
    given_up: AtomicU64,
    refused: AtomicU64,
}

struct Table {
    caps: Caps,
    next: u64,
    is_closed: bool,
    control: Queue,
    metrics: Queue,
    public: Queue,
    sources: HashMap<Source, Queue>,
}

/// The place of an open connection. Dropping it frees the place.
pub(super) struct Place {
    connections: Arc<Connections>,
    port: Port,
    number: u64,
    entry: Entry,
}

impl Connections {
    pub(super) fn new(caps: Caps, trusted: TrustedProxies) -> Arc<Self> {
        let table = Table {
            caps,
            next: 0,
            is_closed: false,
            control: Queue::default(),
            metrics: Queue::default(),
            public: Queue::default(),
            sources: HashMap::new(),
        };
        Arc::new(Self { trusted, table: Mutex::new(table), given_up: 0.into(), refused: 0.into() })
    }

    /// Gives a new connection a place, and closes another one for it if necessary. None: all are busy, or Titan stops.
    pub(super) fn admit(self: &Arc<Self>, port: Port, address: IpAddr) -> Option<Place> {
        let is_counted = !port.has_own_places() && !self.trusted.contains(address);
        let entry = Entry { activity: Arc::default(), source: is_counted.then(|| address.into()) };
        let mut table = self.table();
        let Some(given_up) = table.make_room(port, entry.source) else {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        self.given_up.fetch_add(given_up, Ordering::Relaxed);
        let number = table.push(port, &entry);
        Some(Place { connections: Arc::clone(self), port, number, entry })
    }

    /// There are no more file descriptors: closes one connection, if one is idle.
    pub(super) fn give_up_one(&self) -> bool {
        let mut table = self.table();
        let is_given_up = table.give_up(Port::Public) || table.give_up(Port::Control);
        self.given_up.fetch_add(is_given_up.into(), Ordering::Relaxed);
        is_given_up
    }

    /// Accepts no more connections, and asks the open ones to finish.
    pub(super) fn finish(&self) {
        let mut table = self.table();
        table.is_closed = true;
        for queue in [&table.public, &table.control, &table.metrics] {
            queue.activities().for_each(Activity::finish);
        }
    }

    /// Logs how many connections were closed or refused: once per period, not once for each.
    pub(super) async fn report(&self) -> ! {
        let (mut reported_idle, mut reported_refused) = (0, 0);
        loop {
            tokio::time::sleep(REPORT).await;
            let ConnectionCounts { given_up, refused: all_refused, .. } = self.counts();
            let idle = given_up - std::mem::replace(&mut reported_idle, given_up);
            let refused = all_refused - std::mem::replace(&mut reported_refused, all_refused);
            if idle + refused > 0 {
                let text = "connections were closed for want of room: see max_connections";
                tracing::warn!(idle, refused, "{text}");
            }
        }
    }

    /// How many connections are open, and how many there were.
    pub(super) fn counts(&self) -> ConnectionCounts {
        let table = self.table();
        let [control, metrics, public] = [&table.control, &table.metrics, &table.public]
            .map(|queue| u64::try_from(queue.len()).unwrap_or(u64::MAX));
        ConnectionCounts {
            control,
            metrics,
            public,
            accepted: table.next,
            given_up: self.given_up.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Makes room for one more, and returns how many were closed for it. None: there is no room.
    fn make_room(&mut self, port: Port, source: Option<Source>) -> Option<u64> {
        if self.is_closed {
            return None;
        }
        let mut given_up = 0;
        if let Some(source) = source.filter(|source| self.is_full_for(source)) {
            given_up += u64::from(self.give_up_of(source));
            if given_up == 0 {
                return None;
            }
        }
        if self.queue(port).len() >= self.caps.of(port) {
            if !self.give_up(port) {
                return None;
            }
            given_up += 1;
        }
        Some(given_up)
    }

    fn is_full_for(&self, source: &Source) -> bool {
        self.sources.get(source).is_some_and(|queue| queue.len() >= self.caps.per_address)
    }

    fn push(&mut self, port: Port, entry: &Entry) -> u64 {
        let number = self.next;
        self.next += 1;
        if let Some(source) = entry.source {
            self.sources.entry(source).or_default().push(number, entry.clone());
        }
        self.queue(port).push(number, entry.clone());
        number
    }

    fn give_up(&mut self, port: Port) -> bool {
        let Some((number, entry)) = self.queue(port).give_up_one() else { return false };
        self.forget(number, entry.source);
        true
    }

    fn give_up_of(&mut self, source: Source) -> bool {
        let given_up = self.sources.get_mut(&source).and_then(Queue::give_up_one);
        let Some((number, _)) = given_up else { return false };
        self.public.remove(number);
        self.forget(number, Some(source));
        true
    }

    fn forget(&mut self, number: u64, source: Option<Source>) {
        let Some(source) = source else { return };
        let Some(queue) = self.sources.get_mut(&source) else { return };
        queue.remove(number);
        if queue.len() == 0 {
            self.sources.remove(&source);
        }
    }

    fn queue(&mut self, port: Port) -> &mut Queue {
        match port {
            Port::Control => &mut self.control,
            Port::Metrics => &mut self.metrics,
            Port::Only | Port::Public => &mut self.public,
        }
    }
}

impl Place {
    pub(super) fn activity(&self) -> &Arc<Activity> {
        &self.entry.activity
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.connections.table();
        table.queue(self.port).remove(self.number);
        table.forget(self.number, self.entry.source);
    }
}

#[cfg(test)]
mod tests {
    use super::super::activity::Exchange;
    use super::*;

    fn connections(public: usize, per_address: usize) -> Arc<Connections> {
        let trusted = TrustedProxies::parse(&["10.9.0.0/16"]).unwrap();
        Connections::new(Caps { public, control: 2, metrics: 2, per_address }, trusted)
    }

    fn admit(connections: &Arc<Connections>, address: &str) -> Option<Place> {
        connections.admit(Port::Public, address.parse().unwrap())
    }

    fn is_open(place: &Place) -> bool {
        Exchange::begin(place.activity()).is_some()
    }

    #[test]
    fn at_the_cap_a_silent_connection_makes_room_and_a_busy_one_does_not() {
        let connections = connections(2, 10);
        let (first, second) = (admit(&connections, "10.0.0.1").unwrap(), admit(&connections, "10.0.0.2"));
        let third = admit(&connections, "10.0.0.3").unwrap();
        let _busy = Exchange::begin(third.activity()).unwrap();
        assert!(!is_open(&first));
        let _also_busy = Exchange::begin(second.as_ref().unwrap().activity()).unwrap();
        assert!(admit(&connections, "10.0.0.4").is_none(), "all are busy");
        drop(second);
        assert!(admit(&connections, "10.0.0.4").is_some(), "one has gone by itself");
    }

    #[test]
    fn an_address_at_its_cap_makes_room_among_its_own() {
        let connections = connections(10, 2);
        let other = admit(&connections, "10.0.0.2").unwrap();
        let own: Vec<_> = (0..3).map(|_| admit(&connections, "10.0.0.1").unwrap()).collect();
        assert_eq!(own.iter().map(is_open).collect::<Vec<_>>(), [false, true, true]);
        assert!(is_open(&other));
        let busy: Vec<_> = own.iter().filter_map(|place| Exchange::begin(place.activity())).collect();
        assert!(admit(&connections, "10.0.0.1").is_none());
        assert!(admit(&connections, "10.0.0.2").is_some());
        drop((busy, own));
        assert!(admit(&connections, "10.0.0.1").is_some());
    }

    #[test]
    fn a_trusted_proxy_has_no_cap_of_its_own() {
        let connections = connections(10, 1);
        let places: Vec<_> = (0..3).map(|_| admit(&connections, "10.9.0.1").unwrap()).collect();
        assert!(places.iter().all(is_open));
    }

    #[test]
    fn the_control_port_has_places_of_its_own() {
        let connections = connections(1, 1);
        let busy = admit(&connections, "10.0.0.1").unwrap();
        let _exchange = Exchange::begin(busy.activity());
        assert!(admit(&connections, "10.0.0.1").is_none());
        assert!(connections.admit(Port::Metrics, "10.0.0.1".parse().unwrap()).is_some());
        let control = || connections.admit(Port::Control, "10.0.0.1".parse().unwrap()).unwrap();
        let (first, second, third) = (control(), control(), control());
        assert_eq!([&first, &second, &third].map(is_open), [false, true, true]);
    }

    #[test]
    fn nothing_is_remembered_of_what_is_closed() {
        let connections = connections(2, 2);
        drop(admit(&connections, "10.0.0.1"));
        let given_up = admit(&connections, "10.0.0.1").unwrap();
        assert!(connections.give_up_one());
        drop(given_up);
        let table = connections.table();
        assert!(table.sources.is_empty() && table.public.len() == 0);
    }

    #[test]
    fn nobody_is_let_in_at_the_end() {
        let connections = connections(2, 2);
        connections.finish();
        assert!(admit(&connections, "10.0.0.1").is_none());
    }
}
