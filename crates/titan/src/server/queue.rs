//! Connections in the order of their age, and which one is closed when another needs its place.

use super::activity::Activity;
use crate::source::Source;
use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

/// How many connections are searched for an idle one.
const LOOKS: usize = 1024;
/// Of this many idle connections, the one that has been idle longest is closed. That is nearly the longest idle of all,
/// and needs no list that each request would have to change.
const SAMPLE: usize = 16;

/// A connection in a queue.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) activity: Arc<Activity>,
    /// None: the connection counts for no address.
    pub(super) source: Option<Source>,
}

/// Connections by their numbers. A newer connection has a higher number.
#[derive(Default)]
pub(super) struct Queue {
    /// Those that had sent no request at the last check.
    silent: BTreeMap<u64, Entry>,
    served: BTreeMap<u64, Entry>,
    /// The number at which the search in `served` continues.
    hand: u64,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.silent.len() + self.served.len()
    }

    pub(super) fn push(&mut self, number: u64, entry: Entry) {
        self.silent.insert(number, entry);
    }

    pub(super) fn remove(&mut self, number: u64) {
        if self.silent.remove(&number).is_none() {
            self.served.remove(&number);
        }
    }

    pub(super) fn activities(&self) -> impl Iterator<Item = &Activity> {
        self.silent.values().chain(self.served.values()).map(|entry| &*entry.activity)
    }

    /// Gives up the oldest silent connection, or otherwise one that has been idle for a long time. None: all are busy.
    pub(super) fn give_up_one(&mut self) -> Option<(u64, Entry)> {
        while let Some((number, entry)) = self.silent.pop_first() {
            if !entry.activity.has_asked() && entry.activity.give_up() {
                return Some((number, entry));
            }
            // This moves each connection at most once.
            self.served.insert(number, entry);
        }
        let number = self.longest_idle()?;
        let entry = self.served.remove(&number)?;
        if entry.activity.give_up() {
            return Some((number, entry));
        }
        self.served.insert(number, entry);
        None
    }

    fn longest_idle(&mut self) -> Option<u64> {
        let from_hand = self.served.range((Excluded(self.hand), Unbounded));
        let round = from_hand.chain(self.served.range(..=self.hand));
        let mut last = self.hand;
        let idle = round.take(LOOKS).filter_map(|(number, entry)| {
            last = *number;
            Some((entry.activity.idle_since()?, *number))
        });
        let longest = idle.take(SAMPLE).min();
        self.hand = last;
        longest.map(|(_, number)| number)
    }
}

#[cfg(test)]
mod tests {
    use super::super::activity::Exchange;
    use super::*;
    use std::net::IpAddr;

    fn queue(length: u64) -> (Queue, Vec<Arc<Activity>>) {
        let mut queue = Queue::default();
        let activities: Vec<Arc<Activity>> = (0..length).map(|_| Arc::default()).collect();
        for (number, activity) in (0..).zip(&activities) {
            queue.push(number, Entry { activity: Arc::clone(activity), source: None });
        }
        (queue, activities)
    }

    fn gone(queue: &mut Queue) -> Option<u64> {
        queue.give_up_one().map(|(number, _)| number)
    }

    #[test]
    fn the_oldest_silent_one_goes_first_and_a_busy_one_never() {
        let (mut queue, activities) = queue(4);
        let busy = Exchange::begin(&activities[0]).unwrap();
        drop(Exchange::begin(&activities[1]));
        assert_eq!(gone(&mut queue), Some(2));
        assert_eq!(gone(&mut queue), Some(3));
        assert_eq!(gone(&mut queue), Some(1), "idle ones go when no silent one is left");
        assert_eq!(gone(&mut queue), None);
        assert_eq!(queue.len(), 1);
        drop(busy);
        assert_eq!(gone(&mut queue), Some(0));
    }

    #[test]
    fn an_idle_one_is_found_behind_many_busy_ones() {
        let (mut queue, activities) = queue(5000);
        let mut running: Vec<_> = activities.iter().map(Exchange::begin).collect();
        running.pop();
        let found = (0..5).find_map(|_| gone(&mut queue));
        assert_eq!(found, Some(4999));
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        let source = |text: &str| Source::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(source("2001:db8::1"), source("2001:db8::ffff:1:2:3"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_eq!(source("::ffff:10.0.0.1"), source("10.0.0.1"));
        assert_ne!(source("10.0.0.2"), source("10.0.0.1"));
    }
}
