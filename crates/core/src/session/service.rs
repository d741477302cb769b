//! What can be done with sessions.

use super::issue::{Issuer, Life};
use super::{JwtSettings, Session, end};
use crate::access::{Catalogue, ManageOwnSessions, Origin, Permit, UserPrincipal};
use crate::audit::Entry;
use crate::entropy::Entropy;
use crate::error::{Code, Error};
use crate::port::{Store, Tx};
use crate::refuse::refused;
use crate::retry::retried;
use crate::revision::{Propagation, Receipt, Wait};
use crate::signing::signer;
use crate::tenant::Tenant;
use crate::time::{Clock, Timestamp};
use crate::user::{Membership, PasswordWork, Role, Roles, User};
use serde_json::json;
use std::sync::Arc;
use titan_token::{PlainToken, RefreshKey, SessionId, TenantId, UntrustedRefresh, VerifiedRefresh};

/// The rules of sessions.
pub struct SessionService {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) propagation: Arc<dyn Propagation>,
    pub(super) passwords: Arc<dyn PasswordWork>,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) roles: Roles,
    pub(super) settings: JwtSettings,
}

/// A session with new tokens.
pub struct SignedIn {
    /// The JWT.
    pub token: PlainToken,
    /// The refresh token: good once.
    pub refresh_token: PlainToken,
    /// When the JWT expires.
    pub expires_at: Timestamp,
    /// The session.
    pub session: Session,
    /// Whose.
    pub user: User,
    /// As what.
    pub role: Role,
}

impl SessionService {
    /// The rules over this store.
    #[expect(clippy::too_many_arguments, reason = "each is a part of its own, and it is called once")]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        propagation: Arc<dyn Propagation>,
        passwords: Arc<dyn PasswordWork>,
        catalogue: Arc<Catalogue>,
        roles: Roles,
        settings: JwtSettings,
    ) -> Self {
        Self { store, clock, entropy, propagation, passwords, catalogue, roles, settings }
    }

    /// The names of a role's scopes.
    pub fn scope_names(&self, role: Role) -> Vec<String> {
        self.roles.scopes(role).iter().map(|bit| self.catalogue.name(bit)).collect()
    }

    /// New tokens for a refresh token, which is good once. One that was used before ends the session.
    pub async fn refresh(&self, token: &UntrustedRefresh, origin: &Origin) -> Result<SignedIn, Error> {
        retried(|| self.try_refresh(token, origin)).await
    }

    async fn try_refresh(&self, untrusted: &UntrustedRefresh, origin: &Origin) -> Result<SignedIn, Error> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let token = prove(&mut *tx, untrusted).await?;
        let mut session = tx.lookup_session(token.claims().session).await?.ok_or_else(invalid)?;
        if token.claims().generation != session.generation && is_open(&mut *tx, &session).await? {
            return Err(self.end_reused(tx, session, origin, now).await);
        }
        let (user, role) = match self.who(&mut *tx, &session, now).await {
            Ok(who) => who,
            Err(error) => return Err(refused(tx, &*self.propagation, error).await),
        };
        session.generation += 1;
        self.hand_out(tx, session, user, role, now).await
    }

    /// A thief or the owner used this token before, and nobody can tell which of them it is now.
    async fn end_reused(
        &self,
        mut tx: Box<dyn Tx>,
        mut session: Session,
        origin: &Origin,
        now: Timestamp,
    ) -> Error {
        let ended = async {
            let revision = end(&mut *tx, &mut session, now).await?;
            let (actor, subject) = (session.user.to_string(), session.id.to_string());
            tx.add_audit(&Entry::of(origin, actor, now, "session.reuse", subject, json!({}))).await?;
            tx.commit().await?;
            self.propagation.wait_until_in_force(revision).await
        };
        ended.await.err().unwrap_or_else(ended_error)
    }

    /// New tokens for a session that the console holds open. Its refresh token is none of the caller's.
    pub(crate) async fn resume(&self, id: SessionId) -> Result<SignedIn, Error> {
        retried(|| self.try_resume(id)).await
    }

    async fn try_resume(&self, id: SessionId) -> Result<SignedIn, Error> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let session = tx.lookup_session(id).await?.ok_or_else(ended_error)?;
        match self.who(&mut *tx, &session, now).await {
            Ok((user, role)) => self.hand_out(tx, session, user, role, now).await,
            Err(error) => Err(refused(tx, &*self.propagation, error).await),
        }
    }

    /// Whose session this is, if it is still good.
    async fn who(&self, tx: &mut dyn Tx, session: &Session, now: Timestamp) -> Result<(User, Role), Error> {
        if !session.is_living(now) {
            return Err(ended_error());
        }
        let user = tx.lookup_user(session.user).await?.filter(|user| user.is_active);
        let membership = tx.membership(session.user, session.tenant).await?;
        let (Some(user), Some(membership)) = (user, membership) else { return Err(ended_error()) };
        let tenant = check_tenant(tx, session.tenant).await?;
        if tenant.not_before.is_some_and(|start| session.created_at < start) {
            return Err(ended_error());
        }
        Ok((user, membership.role))
    }

    /// Signs new tokens, and writes the session that has them.
    pub(super) async fn hand_out(
        &self,
        mut tx: Box<dyn Tx>,
        mut session: Session,
        user: User,
        role: Role,
        now: Timestamp,
    ) -> Result<SignedIn, Error> {
        let slots = tx.slots().await?;
        let signer = signer(&slots).ok_or_else(|| Error::internal("no signing key"))?;
        let head = tx.head().await?;
        let issuer =
            Issuer { settings: &self.settings, catalogue: &self.catalogue, entropy: &*self.entropy, signer };
        let begin = now.max(signer.not_before).max(session.created_at);
        let life = Life::from(begin, session.expires_at);
        session.refreshed_at = begin.max(session.refreshed_at);
        // The clock of another instance may have given it a later one.
        session.jwt_until = life.end.max(session.jwt_until);
        tx.save_session(&session).await?;
        let token = issuer.jwt(&session, self.roles.scopes(role), life)?;
        let refresh_token = issuer.refresh_token(&session);
        tx.commit().await?;
        // A signing key may have been made a moment ago: every edge must know it before the JWT is used.
        self.propagation.wait_until_in_force(head).await?;
        Ok(SignedIn { token, refresh_token, expires_at: life.end, session, user, role })
    }

    /// The user who asks, and its role now.
    pub async fn current(&self, user: &UserPrincipal) -> Result<(User, Role), Error> {
        let found = self.store.user(user.id()).await?;
        let memberships = self.store.memberships(user.id()).await?;
        let membership = memberships.into_iter().find(|membership| membership.tenant == user.tenant());
        found.zip(membership.map(|membership| membership.role)).ok_or_else(ended_error)
    }

    /// The living sessions of the user who asks, the oldest first.
    pub async fn list(&self, permit: &Permit<ManageOwnSessions>) -> Result<Vec<Session>, Error> {
        let user = asking(permit)?;
        Ok(self.store.sessions(user.id(), self.clock.now()).await?)
    }

    /// Ends a session of the user who asks; without an id, the one with which it asks.
    pub async fn end(
        &self,
        permit: &Permit<ManageOwnSessions>,
        id: Option<SessionId>,
        wait: Wait,
    ) -> Result<Receipt, Error> {
        retried(|| self.try_end(permit, id, wait)).await
    }

    async fn try_end(
        &self,
        permit: &Permit<ManageOwnSessions>,
        id: Option<SessionId>,
        wait: Wait,
    ) -> Result<Receipt, Error> {
        let user = asking(permit)?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let session = tx.lookup_session(id.unwrap_or(user.session())).await?;
        let mut session = match session.filter(|session| session.user == user.id()) {
            Some(session) if is_open(&mut *tx, &session).await? => session,
            _ => return Err(refused(tx, &*self.propagation, Error::not_found("session")).await),
        };
        let revision = end(&mut *tx, &mut session, now).await?;
        let subject = session.id.to_string();
        tx.add_audit(&Entry::by(permit, now, "session.end", subject, json!({}))).await?;
        tx.commit().await?;
        self.propagation.receipt(revision, wait).await
    }
}

/// Whether a session can still have JWTs that some instance accepts, whatever the clock of this one says.
pub(crate) async fn is_open(tx: &mut dyn Tx, session: &Session) -> Result<bool, Error> {
    Ok(session.is_living(tx.swept().await?.until))
}

/// The refresh token, if its MAC holds under a key that is not retired.
async fn prove(tx: &mut dyn Tx, token: &UntrustedRefresh) -> Result<VerifiedRefresh, Error> {
    let slots = tx.slots().await?;
    let slot = slots.iter().find(|key| key.slot == token.slot() && key.retired_at.is_none());
    let key = RefreshKey::derive(&slot.ok_or_else(invalid)?.secret);
    token.verify(&key).map_err(|_| invalid())
}

/// The session of a refresh token that is ours, whether it was used or not.
pub(crate) async fn of_refresh_token(
    tx: &mut dyn Tx,
    token: &UntrustedRefresh,
) -> Result<Option<SessionId>, Error> {
    match prove(tx, token).await {
        Ok(token) => Ok(Some(token.claims().session)),
        Err(error) if error.code() == Code::InvalidToken => Ok(None),
        Err(error) => Err(error),
    }
}

/// The user who asks, by a permit that only users have.
pub(crate) fn asking<A>(permit: &Permit<A>) -> Result<&UserPrincipal, Error> {
    permit.user().ok_or_else(|| Error::internal("a permit of users without a user"))
}

fn invalid() -> Error {
    Error::new(Code::InvalidToken, "invalid refresh token")
}

/// The membership of a user who asks, as it is now and not only by its JWT.
pub(crate) async fn membership_of(tx: &mut dyn Tx, user: &UserPrincipal) -> Result<Membership, Error> {
    let session = tx.lookup_session(user.session()).await?;
    if session.is_none_or(|session| session.ended_at.is_some()) {
        return Err(ended_error());
    }
    let is_active = tx.lookup_user(user.id()).await?.is_some_and(|user| user.is_active);
    let membership = tx.membership(user.id(), user.tenant()).await?.filter(|_| is_active);
    membership.ok_or_else(ended_error)
}

fn ended_error() -> Error {
    Error::new(Code::SessionEnded, "session ended")
}

/// The tenant, if it is on: nobody signs in to one that is off.
pub(super) async fn check_tenant(tx: &mut dyn Tx, id: TenantId) -> Result<Tenant, Error> {
    let tenant = tx.lookup_tenant(id).await?.ok_or_else(|| Error::internal("a member of no tenant"))?;
    if tenant.is_active {
        return Ok(tenant);
    }
    Err(Error::new(Code::InvalidCredentials, "this tenant is disabled"))
}
