//! The time limits of a connection.

use super::activity::{Activity, now_ms};
use super::limits::Limits;
use std::time::Duration;

/// From accepting to the first request, including the TLS handshake.
pub(super) const FIRST_REQUEST: Duration = Duration::from_secs(15);
/// From the check that first sees a part of a later request (HTTP/1.1) to the end of its headers.
const NEXT_HEADERS: Duration = Duration::from_secs(15);
/// How long an orderly end may take: an HTTP/2 connection ends with an exchange of frames.
const GOODBYE: Duration = Duration::from_secs(1);

/// What to do with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// End it.
    Close,
    /// Let it end in order, and check again after this time.
    Finish(Duration),
    /// Check again after this time.
    Wait(Duration),
}

/// The state of a connection's timer. A request does not set the timer again: it checks the activity when it fires.
pub(super) struct Patience {
    opened: u64,
    body: Duration,
    idle: Duration,
    /// How much the client had read at the last check, if the connection waited for the client then.
    stalled_at: Option<u64>,
    next: Option<Next>,
    is_finishing: bool,
}

/// A request that has begun to arrive on an idle connection.
#[derive(Clone, Copy)]
struct Next {
    /// When the request before it ended.
    after: u64,
    /// When a check first saw a part of it.
    seen: u64,
}

impl Patience {
    pub(super) fn new(limits: &Limits) -> Self {
        let (body, idle) = (limits.body_timeout, limits.idle_timeout);
        Self { opened: now_ms(), body, idle, stalled_at: None, next: None, is_finishing: false }
    }

    /// The time until the first check.
    pub(super) fn first(&self) -> Duration {
        left(self.opened, FIRST_REQUEST, now_ms()).unwrap_or_default().min(self.period())
    }

    pub(super) fn look(&mut self, activity: &Activity) -> Verdict {
        self.look_at(activity, now_ms())
    }

    fn look_at(&mut self, activity: &Activity, now: u64) -> Verdict {
        let has_begun_next = activity.has_begun_next();
        // Frames that belong to no request are counted from one check to the next.
        activity.progressed();
        if activity.is_running() {
            return self.look_at_running(activity);
        }
        if !activity.has_asked() {
            let left = left(self.opened, FIRST_REQUEST, now);
            return left.map_or(Verdict::Close, |left| Verdict::Wait(left.min(self.period())));
        }
        let idle_since = activity.idle_since().unwrap_or(now);
        if has_begun_next && self.next_after(idle_since).is_none() {
            self.next = Some(Next { after: idle_since, seen: now });
        }
        self.look_at_idle(idle_since, now)
    }

    fn look_at_idle(&mut self, idle_since: u64, now: u64) -> Verdict {
        let headers_since = self.next_after(idle_since).map_or(now, |next| next.seen);
        let Some(headers) = left(headers_since, NEXT_HEADERS, now) else { return Verdict::Close };
        match left(idle_since, self.idle, now) {
            Some(left) => Verdict::Wait(left.min(headers).min(self.period())),
            None if self.is_finishing => Verdict::Close,
            None => {
                self.is_finishing = true;
                Verdict::Finish(GOODBYE)
            }
        }
    }

    /// The request that has begun to arrive since the last one ended.
    fn next_after(&self, idle_since: u64) -> Option<Next> {
        self.next.filter(|next| next.after == idle_since)
    }

    fn look_at_running(&mut self, activity: &Activity) -> Verdict {
        let stalled_at = activity.stalled_at();
        if stalled_at.is_some() && stalled_at == self.stalled_at {
            return Verdict::Close;
        }
        self.stalled_at = stalled_at;
        Verdict::Wait(self.period())
    }

    /// The longest time between two checks. So a limit that starts to run between two checks is noticed at most its own
    /// length too late.
    fn period(&self) -> Duration {
        self.body.min(self.idle)
    }
}

/// How much of `limit` is left if it started at `since`. None: nothing.
fn left(since: u64, limit: Duration, now: u64) -> Option<Duration> {
    let left = limit.saturating_sub(Duration::from_millis(now.saturating_sub(since)));
    (!left.is_zero()).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::super::activity::Exchange;
    use super::*;
    use http::Version;
    use std::sync::Arc;

    fn patience() -> Patience {
        let (body, idle) = (Duration::from_secs(30), Duration::from_secs(75));
        Patience { opened: 0, body, idle, stalled_at: None, next: None, is_finishing: false }
    }

    #[test]
    fn a_connection_without_a_request_is_closed_after_the_first_limit() {
        let (mut patience, activity) = (patience(), Activity::default());
        assert_eq!(patience.look_at(&activity, 14_000), Verdict::Wait(Duration::from_secs(1)));
        assert_eq!(patience.look_at(&activity, 15_000), Verdict::Close);
    }

    #[test]
    fn an_idle_connection_is_finished_and_then_closed() {
        let (mut patience, activity) = (patience(), Arc::<Activity>::default());
        drop(Exchange::begin(&activity));
        let ended = activity.idle_since().unwrap();
        assert_eq!(patience.look_at(&activity, ended + 15_000), Verdict::Wait(NEXT_HEADERS));
        assert_eq!(patience.look_at(&activity, ended + 70_000), Verdict::Wait(Duration::from_secs(5)));
        assert_eq!(patience.look_at(&activity, ended + 75_000), Verdict::Finish(GOODBYE));
        assert_eq!(patience.look_at(&activity, ended + 76_000), Verdict::Close);
    }

    fn after_one_request(version: Version) -> (Arc<Activity>, u64) {
        let activity = Arc::<Activity>::default();
        activity.speaks(version);
        drop(Exchange::begin(&activity));
        let ended = activity.idle_since().unwrap();
        (activity, ended)
    }

    #[test]
    fn the_headers_of_a_later_request_have_a_limit_of_their_own() {
        let (mut patience, (activity, ended)) = (patience(), after_one_request(Version::HTTP_11));
        assert!(activity.may_read(1));
        assert_eq!(patience.look_at(&activity, ended + 10_000), Verdict::Wait(NEXT_HEADERS));
        assert!(activity.may_read(1));
        assert_eq!(patience.look_at(&activity, ended + 24_000), Verdict::Wait(Duration::from_secs(1)));
        assert_eq!(patience.look_at(&activity, ended + 25_000), Verdict::Close);
    }

    #[test]
    fn headers_that_arrive_in_time_end_their_limit() {
        let (mut patience, (activity, ended)) = (patience(), after_one_request(Version::HTTP_11));
        assert!(activity.may_read(1));
        patience.look_at(&activity, ended);
        while activity.idle_since() == Some(ended) {
            drop(Exchange::begin(&activity));
        }
        let ended = activity.idle_since().unwrap();
        assert_eq!(patience.look_at(&activity, ended + 60_000), Verdict::Wait(NEXT_HEADERS));
    }

    #[test]
    fn frames_of_http_2_are_no_headers() {
        let (mut patience, (activity, ended)) = (patience(), after_one_request(Version::HTTP_2));
        for second in [0, 15, 30, 45, 60] {
            assert!(activity.may_read(17));
            assert_eq!(patience.look_at(&activity, ended + second * 1000), Verdict::Wait(NEXT_HEADERS));
        }
    }

    #[test]
    fn a_running_request_has_all_the_time_unless_the_client_takes_nothing() {
        let (mut patience, activity) = (patience(), Arc::<Activity>::default());
        let _exchange = Exchange::begin(&activity).unwrap();
        let wait = Verdict::Wait(Duration::from_secs(30));
        assert_eq!([1, 2, 3].map(|hour| patience.look_at(&activity, hour * 3_600_000)), [wait; 3]);
        activity.blocked();
        assert_eq!(patience.look_at(&activity, 0), wait);
        activity.wrote(1);
        activity.blocked();
        assert_eq!(patience.look_at(&activity, 0), wait, "it took something");
        assert_eq!(patience.look_at(&activity, 0), Verdict::Close);
    }

    #[test]
    fn an_answer_whose_next_piece_is_not_fetched_is_not_taken() {
        let (mut patience, activity) = (patience(), Arc::<Activity>::default());
        let _exchange = Exchange::begin(&activity).unwrap();
        activity.count_waiting(true);
        assert!(matches!(patience.look_at(&activity, 0), Verdict::Wait(_)));
        activity.moved();
        assert!(matches!(patience.look_at(&activity, 0), Verdict::Wait(_)));
        assert_eq!(patience.look_at(&activity, 0), Verdict::Close);
    }
}
