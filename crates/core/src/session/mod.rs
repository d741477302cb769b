//! Sessions of users: `docs/adr/0018-people.md`.
//!
//! A session is of one user in one tenant. Its JWTs are verified without a database; its refresh token is good once.

mod again;
mod end;
mod issue;
mod own_factor;
mod own_password;
mod service;
mod sign_in;

use crate::revision::{Change, SessionStatus};
use crate::store_error::StoreResult;
use crate::time::Timestamp;
use async_trait::async_trait;
pub(crate) use end::{end, end_all, renew_all};
pub use own_factor::Enrolment;
pub use own_password::NewPassword;
pub use service::{SessionService, SignedIn};
pub(crate) use service::{asking, is_open, membership_of, of_refresh_token};
pub use sign_in::SignIn;
use titan_token::{JwtParty, SessionId, TenantId, UserId};

/// A JWT lives for 15 minutes.
pub const JWT_SECS: i64 = 900;
/// A session ends after 30 days at the latest.
pub const SESSION_SECS: i64 = 30 * 86_400;
/// A user has at most this many sessions. Whatever ends all of them stays a small change.
pub const MOST_SESSIONS: usize = 50;

/// Who issues JWTs, and for whom (RFC 7519, 4.1.1 and 4.1.3).
#[derive(Clone, Debug)]
pub struct JwtSettings {
    /// `iss`
    pub issuer: JwtParty,
    /// `aud`
    pub audience: JwtParty,
}

impl Default for JwtSettings {
    /// `titan` for both.
    fn default() -> Self {
        let Some(titan) = JwtParty::new("titan") else { unreachable!("it is a name") };
        Self { issuer: titan.clone(), audience: titan }
    }
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// Where.
    pub tenant: TenantId,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// No refresh after this.
    pub expires_at: Timestamp,
    /// When its last JWT was issued.
    pub refreshed_at: Timestamp,
    /// Of the refresh token that is good now.
    pub generation: u32,
    /// The lowest one of a JWT that is good.
    pub epoch: u32,
    /// When its last JWT expires.
    pub jwt_until: Timestamp,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
    /// From where the user signed in.
    pub ip: String,
    /// With what, shortened.
    pub user_agent: String,
}

impl Session {
    /// What the edge must know of it.
    pub fn change(&self) -> Change {
        let (is_ended, until) = (self.ended_at.is_some(), self.jwt_until.ms());
        Change::Session(self.id, SessionStatus { is_ended, epoch: self.epoch, until })
    }

    /// Whether it has neither ended nor expired at `now`.
    ///
    /// What ends sessions asks with the time up to which everything is refused whatever a clock says: the clock of this
    /// instance may be wrong, and those of others right.
    pub fn is_living(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }
}

/// Reading sessions.
#[async_trait]
pub trait Sessions {
    /// The living sessions of a user, the oldest first.
    async fn sessions(&self, user: UserId, now: Timestamp) -> StoreResult<Vec<Session>>;
}

/// Changing sessions.
#[async_trait]
pub trait SessionsTx {
    /// One session, ended or not.
    async fn lookup_session(&mut self, id: SessionId) -> StoreResult<Option<Session>>;

    /// The living sessions of a user, the oldest first.
    async fn sessions_of(&mut self, user: UserId, now: Timestamp) -> StoreResult<Vec<Session>>;

    /// When the last JWT of a tenant was issued, by the clock of who issued it.
    async fn last_refresh(&mut self, tenant: TenantId) -> StoreResult<Option<Timestamp>>;

    /// Adds a session.
    async fn add_session(&mut self, session: &Session) -> StoreResult<()>;

    /// Writes generation, epoch and ends.
    async fn save_session(&mut self, session: &Session) -> StoreResult<()>;
}
