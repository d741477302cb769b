//! The license: how many sessions may be open, where, and until when. `docs/license.md`.

mod claims;
mod counter;
mod installed;
mod platform;
mod service;

use crate::store_error::StoreResult;
use crate::time::Timestamp;
use async_trait::async_trait;
pub use claims::License;
pub use counter::{Outcome, SessionCounter, UnsettledSession};
pub use installed::Installed;
pub use platform::{Place, Platform, is_aws_account};
pub use service::LicenseService;
use titan_token::{LicensePublicKey, TenantId, UntrustedLicense};

const DAY: i64 = 86_400;

/// What has become of a license by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// Its grace period is over, too.
    Ended,
    /// It has expired, and its grace period runs.
    InGrace,
    /// It has not expired.
    Valid,
}

impl License {
    /// Reads a license file. The error continues the name of the file.
    pub fn read(text: &str, key: &LicensePublicKey) -> Result<Self, String> {
        let license = UntrustedLicense::parse(text).map_err(|error| format!("is no license: {error}"))?;
        let license = license.verify(key);
        let license = license.map_err(|_| "is not signed with the key of license_public_key".to_owned())?;
        Self::parse(license.claims())
    }

    /// Reads claims.
    pub fn parse(claims: &str) -> Result<Self, String> {
        serde_json::from_str(claims).map_err(|error| format!("has claims that cannot be read: {error}"))
    }

    /// When Titan stops.
    pub fn ends_at(&self) -> Timestamp {
        self.expires_at.plus_secs(DAY * i64::from(self.grace_period_days))
    }

    /// What has become of it at this time.
    pub fn validity(&self, now: Timestamp) -> Validity {
        if now < self.expires_at {
            Validity::Valid
        } else if now < self.ends_at() {
            Validity::InGrace
        } else {
            Validity::Ended
        }
    }
}

/// A session of the guarded API that is open, or may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveSession {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its name in the guarded API.
    pub name: String,
    /// When the request came that opened it.
    pub opened_at: Timestamp,
    /// Whether the upstream has said that it is open.
    pub is_open: bool,
    /// The mark of the last request about it, if its outcome is not known.
    pub pending: Option<i64>,
    /// When that request came.
    pub marked_at: Timestamp,
}

impl LiveSession {
    fn new(tenant: TenantId, name: &str, now: Timestamp) -> Self {
        let name = name.to_owned();
        Self { tenant, name, opened_at: now, is_open: false, pending: None, marked_at: now }
    }
}

/// Reading open sessions.
#[async_trait]
pub trait LiveSessions {
    /// The open sessions by tenant and name, from behind `after`.
    async fn live_sessions(
        &self,
        after: Option<(TenantId, &str)>,
        limit: u32,
    ) -> StoreResult<Vec<LiveSession>>;
}

/// Counting open sessions.
#[async_trait]
pub trait LiveSessionsTx {
    /// One of them.
    async fn live_session(&mut self, tenant: TenantId, name: &str) -> StoreResult<Option<LiveSession>>;

    /// How many there are, in all tenants.
    async fn count_live_sessions(&mut self) -> StoreResult<u32>;

    /// Adds one, or replaces it.
    async fn put_live_session(&mut self, session: &LiveSession) -> StoreResult<()>;

    /// Removes one. False if there was none.
    async fn remove_live_session(&mut self, tenant: TenantId, name: &str) -> StoreResult<bool>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use titan_token::LicenseKey;

    const CLAIMS: &str = r#"{"sessionLimit":100,"platform":"kubernetes","issuedAt":"2025-01-01T00:00:00Z",
        "expiresAt":"2026-01-01T00:00:00Z","gracePeriodDays":14,"awsAccountId":null}"#;

    fn license() -> License {
        License::parse(CLAIMS).unwrap()
    }

    fn at(text: &str) -> Validity {
        license().validity(Timestamp::parse(text).unwrap())
    }

    #[test]
    fn it_expires_to_the_second_and_then_runs_on_for_its_grace_period() {
        assert_eq!(at("2024-06-01T00:00:00Z"), Validity::Valid);
        assert_eq!(at("2025-12-31T23:59:59Z"), Validity::Valid);
        assert_eq!(at("2026-01-01T00:00:00Z"), Validity::InGrace);
        assert_eq!(at("2026-01-14T23:59:59Z"), Validity::InGrace);
        assert_eq!(at("2026-01-15T00:00:00Z"), Validity::Ended);
        let none = License { grace_period_days: 0, ..license() };
        assert_eq!(none.validity(none.expires_at), Validity::Ended);
    }

    #[test]
    fn what_it_may_mean_to_forbid_is_not_overlooked() {
        let with = |claim: &str| License::parse(&CLAIMS.replacen('{', &format!("{{{claim},"), 1));
        assert!(with(r#""seats":5"#).unwrap_err().contains("unknown field `seats`"));
        assert!(with(r#""sessionLimit":5"#).unwrap_err().contains("duplicate field"));
        assert!(License::parse(&CLAIMS.replace("kubernetes", "mars")).is_err());
        assert!(License::parse(&CLAIMS.replace("2026-01-01T00:00:00Z", "soon")).is_err());
        assert!(License::parse(&CLAIMS.replace("100", "-1")).is_err());
        assert!(License::parse("[]").is_err());
    }

    #[test]
    fn only_the_configured_key_signs_it() {
        let (own, other) = (LicenseKey::from_seed(&[1; 32]), LicenseKey::from_seed(&[2; 32]));
        let text = own.sign(CLAIMS);
        assert_eq!(License::read(&text, &own.public()), Ok(license()));
        let refused = License::read(&text, &other.public()).unwrap_err();
        assert_eq!(refused, "is not signed with the key of license_public_key");
        assert!(License::read(CLAIMS, &own.public()).unwrap_err().starts_with("is no license: "));
    }

    #[test]
    fn it_holds_on_its_platform_and_in_its_account_alone() {
        let here = |platforms: &[Platform], account: Option<&str>| Place {
            platforms: platforms.to_vec(),
            aws_account_id: account.map(str::to_owned),
        };
        let pod = here(&[Platform::Kubernetes, Platform::Aws], None);
        assert_eq!(license().check_place(&pod), Ok(()));
        let wrong = license().check_place(&here(&[Platform::Docker], None)).unwrap_err();
        assert!(wrong.contains("is for the platform kubernetes, but this is docker"), "{wrong}");
        assert!(license().check_place(&Place::default()).unwrap_err().contains("none that Titan knows"));
        let anywhere = License { platform: Platform::Any, ..license() };
        assert_eq!(anywhere.check_place(&Place::default()), Ok(()));
        let bound = License { aws_account_id: Some("123456789012".to_owned()), ..anywhere };
        assert_eq!(bound.check_place(&here(&[], Some("123456789012"))), Ok(()));
        assert!(bound.check_place(&here(&[], Some("210987654321"))).unwrap_err().contains("2109"));
        assert!(bound.check_place(&here(&[], None)).unwrap_err().contains("set TITAN_AWS_ACCOUNT_ID"));
    }
}
