//! A license as pages show it.

use crate::when::When;
use titan_core::license::{License, Validity};
use titan_core::time::Timestamp;

const DAY: i64 = 86_400;
/// Titan warns in its log from so many days before the end, and so does the page.
const SOON_DAYS: i64 = 30;

pub(super) struct Facts {
    pub(super) session_limit: Option<u32>,
    pub(super) platform: &'static str,
    pub(super) aws_account_id: Option<String>,
    pub(super) issued: When,
    pub(super) expires: When,
    pub(super) grace_days: u32,
    /// When requests are refused.
    pub(super) ends: When,
    pub(super) standing: Standing,
    /// How many days have passed since it was issued, of how many.
    pub(super) days: (i64, i64),
}

/// What has become of a license by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Ended,
    ExpiresSoon,
    InGrace,
    Valid,
}

impl Standing {
    fn of(license: &License, now: Timestamp) -> Self {
        match license.validity(now) {
            Validity::Ended => Self::Ended,
            Validity::InGrace => Self::InGrace,
            Validity::Valid if license.expires_at <= now.plus_secs(SOON_DAYS * DAY) => Self::ExpiresSoon,
            Validity::Valid => Self::Valid,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ended => "Ended",
            Self::ExpiresSoon => "Expires soon",
            Self::InGrace => "Expired, in the grace period",
            Self::Valid => "Valid",
        }
    }

    /// The class of its badge.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Ended => "badge bad",
            Self::ExpiresSoon | Self::InGrace => "badge warn",
            Self::Valid => "badge ok",
        }
    }
}

impl Facts {
    pub(super) fn new(license: &License, now: Timestamp) -> Self {
        Self {
            session_limit: license.session_limit,
            platform: license.platform.name(),
            aws_account_id: license.aws_account_id.clone(),
            issued: When::new(license.issued_at, now),
            expires: When::new(license.expires_at, now),
            grace_days: license.grace_period_days,
            ends: When::new(license.ends_at(), now),
            standing: Standing::of(license, now),
            days: days(license, now),
        }
    }
}

/// At least a day, and not more than have passed.
fn days(license: &License, now: Timestamp) -> (i64, i64) {
    let since = |at: Timestamp| (at.secs() - license.issued_at.secs()) / DAY;
    let all = since(license.expires_at).max(1);
    (since(now).clamp(0, all), all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_license_also_before_and_after_it() {
        let claims =
            r#"{"issuedAt":"2026-01-01T00:00:00Z","expiresAt":"2027-01-01T00:00:00Z","gracePeriodDays":14}"#;
        let license = License::parse(claims).unwrap();
        for (now, passed, standing) in [
            ("2025-12-01T00:00:00Z", 0, Standing::Valid),
            ("2026-01-02T12:00:00Z", 1, Standing::Valid),
            ("2026-12-03T00:00:00Z", 336, Standing::ExpiresSoon),
            ("2027-01-01T00:00:00Z", 365, Standing::InGrace),
            ("2027-02-01T00:00:00Z", 365, Standing::Ended),
        ] {
            let now = Timestamp::parse(now).unwrap();
            assert_eq!((days(&license, now), Standing::of(&license, now)), ((passed, 365), standing));
        }
    }
}
