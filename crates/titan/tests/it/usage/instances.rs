//! Several instances add to the same sums.

use super::{SESSIONS, USAGE, by_label, sum, until};
use crate::instances::Fleet;
use std::sync::Arc;
use tokio::task::JoinSet;

const WORKERS: usize = 8;
const EACH: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_are_exact_over_three_instances() {
    let fleet = Arc::new(Fleet::start(3).await);
    let (a, b) = (fleet.0[0].key(&["sessions:read"]).await, fleet.0[0].key(&["tasks:read"]).await);
    let mut working = JoinSet::new();
    for worker in 0..WORKERS {
        let fleet = Arc::clone(&fleet);
        let key = if worker % 2 == 0 { a.clone() } else { b.clone() };
        working.spawn(async move {
            for n in 0..EACH {
                fleet.0[n % 3].holder(&key).get(SESSIONS).await;
                if n == EACH / 2 {
                    // Each flushes in between.
                    fleet.0[worker % 3].clock.advance(60);
                }
            }
        });
    }
    while working.join_next().await.transpose().unwrap().is_some() {}
    for app in &fleet.0 {
        app.clock.advance(60);
    }
    let now = titan_core::time::Clock::now(&*fleet.0[0].clock);
    let range = format!("from={}&to={}", now.plus_secs(-86_400), now.plus_secs(86_400));
    let all = u64::try_from(WORKERS * EACH).unwrap();
    for app in &fleet.0 {
        let codes = until(&app.master(), &format!("{USAGE}?group=code&{range}"), all).await;
        let expected = [("allowed".to_owned(), all / 2), ("insufficient_scope".to_owned(), all / 2)];
        assert_eq!(by_label(&codes, "requests"), expected);
        let keys = app.master().get(&format!("{USAGE}?group=key&{range}")).await;
        let mut expected = [(a.id.clone(), all / 2), (b.id.clone(), all / 2)];
        expected.sort();
        assert_eq!(by_label(&keys, "requests"), expected);
        assert_eq!(sum(&keys, "requests"), all);
    }
}
