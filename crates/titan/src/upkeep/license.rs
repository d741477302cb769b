//! Says in time that the license ends.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use titan_core::license::{Installed, License, Validity};
use titan_core::time::{Clock, Timestamp};
use tokio::time::{MissedTickBehavior, interval};

/// How often the license is looked at: the first time at once.
const PERIOD: Duration = Duration::from_hours(24);
/// So long before its end, in seconds, it is worth a warning.
const SOON: i64 = 30 * 86_400;

/// Warns once a day.
pub(crate) struct LicenseUpkeep {
    installed: Arc<Installed>,
    clock: Arc<dyn Clock>,
}

impl LicenseUpkeep {
    pub(crate) fn new(installed: Arc<Installed>, clock: Arc<dyn Clock>) -> Self {
        Self { installed, clock }
    }

    /// Goes on until it is dropped.
    pub(crate) async fn run(&self) -> Infallible {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Some(license) = self.installed.license()
                && let Some(warning) = warning(&license, self.clock.now())
            {
                tracing::warn!(expires_at = %license.expires_at, "{warning}");
            }
        }
    }
}

fn warning(license: &License, now: Timestamp) -> Option<String> {
    match license.validity(now) {
        Validity::Ended => Some("the license is over: all requests are refused with 402".to_owned()),
        Validity::InGrace => {
            let end = license.ends_at();
            Some(format!("the license has expired: from {end} on, all requests are refused with 402"))
        }
        Validity::Valid if now.plus_secs(SOON) >= license.expires_at => {
            Some("the license expires soon".to_owned())
        }
        Validity::Valid => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_warns_from_thirty_days_before_the_end() {
        let claims =
            r#"{"issuedAt":"2026-01-01T00:00:00Z","expiresAt":"2027-01-01T00:00:00Z","gracePeriodDays":1}"#;
        let license = License::parse(claims).unwrap();
        let at = |time: &str| warning(&license, Timestamp::parse(time).unwrap());
        assert_eq!(at("2026-12-01T00:00:00Z"), None);
        assert!(at("2026-12-02T00:00:00Z").unwrap().contains("expires soon"));
        assert!(at("2027-01-01T00:00:00Z").unwrap().contains("from 2027-01-02T00:00:00Z on"));
        assert!(at("2027-01-02T00:00:00Z").unwrap().contains("is over"));
    }
}
