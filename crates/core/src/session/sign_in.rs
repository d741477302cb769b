//! Signing in with a password.

use super::service::{SessionService, SignedIn, check_tenant};
use super::{MOST_SESSIONS, Session};
use crate::access::Origin;
use crate::audit::Entry;
use crate::entropy::random;
use crate::error::{Code, Error};
use crate::port::Tx;
use crate::retry::retried;
use crate::time::Timestamp;
use crate::user::throttle::{Attempt, Throttled};
use crate::user::{Email, Membership, PasswordHash, PlainPassword, SignInSubjects, User};
use serde_json::json;
use titan_token::{SessionId, TenantId, UserId, Uuid};

/// A browser's name may be long; this is enough to recognise it.
const USER_AGENT: usize = 200;

/// What somebody signs in with.
pub struct SignIn {
    /// As it was typed.
    pub email: String,
    /// As it was typed.
    pub password: PlainPassword,
    /// Of the second factor: from the app, or for recovery.
    pub code: Option<String>,
    /// Where; needed by who is a member of several tenants.
    pub tenant: Option<TenantId>,
    /// For how long at the most: [`super::SESSION_SECS`], or less.
    pub lasts_secs: i64,
    /// From where.
    pub origin: Origin,
    /// `User-Agent`
    pub user_agent: String,
}

/// A sign-in that was counted, before its password is checked.
pub(super) struct Counted {
    pub(super) attempt: Attempt,
    /// Who has this address.
    pub(super) found: Option<(User, Option<PasswordHash>)>,
}

/// From where a session is begun, and for how long.
#[derive(Clone, Copy)]
struct From<'a> {
    origin: &'a Origin,
    user_agent: &'a str,
    lasts_secs: i64,
}

/// What became of it. What is wrong stays counted.
enum Checked {
    Right(Box<SignedIn>),
    Wrong,
    WrongCode,
}

/// A sign-in whose password was right.
struct Proven {
    subjects: SignInSubjects,
    attempt: Attempt,
    user: User,
    /// The hash that was checked.
    stored: String,
    /// Where that was weaker than one of today.
    new_hash: Option<PasswordHash>,
    tenant: Option<TenantId>,
    code: Option<String>,
}

impl SessionService {
    /// Begins a session. An unknown user and a wrong password have one answer, and take the same time.
    pub async fn sign_in(&self, request: SignIn) -> Result<SignedIn, Error> {
        let email = Email::parse(&request.email)?;
        let subjects = SignInSubjects::new(&email, request.origin.ip);
        // Most of a flood is refused here, where it does not hold up the writers.
        subjects.look(&*self.store, self.clock.now()).await?.look(self.clock.now()).map_err(throttled)?;
        let counted = retried(|| self.count(&email, &subjects)).await?;
        let attempt = counted.attempt;
        match self.check(request, counted, subjects).await {
            Ok(Checked::Wrong) => Err(wrong()),
            Ok(Checked::WrongCode) => Err(wrong_code()),
            Ok(Checked::Right(signed_in)) => Ok(*signed_in),
            // Nothing was found to be wrong.
            Err(error) => {
                self.take_back(&subjects, attempt).await?;
                Err(error)
            }
        }
    }

    /// Checks the password, and begins the session.
    async fn check(
        &self,
        request: SignIn,
        counted: Counted,
        subjects: SignInSubjects,
    ) -> Result<Checked, Error> {
        let (user, hash) = counted.found.unzip();
        let hash = hash.flatten();
        let stored = hash.as_ref().map(PasswordHash::to_phc);
        let hash = hash.unwrap_or_else(PasswordHash::dummy);
        let needs_rehash = hash.needs_rehash();
        let approved = self.passwords.verify(request.password, hash).await?;
        let (Some(approved), Some(user), Some(stored)) = (approved, user, stored) else {
            return Ok(Checked::Wrong);
        };
        let new_hash = if needs_rehash { Some(self.passwords.hash(approved).await?) } else { None };
        let (attempt, tenant, code) = (counted.attempt, request.tenant, request.code);
        let proven = Proven { subjects, attempt, user, stored, new_hash, tenant, code };
        let from =
            From { origin: &request.origin, user_agent: &request.user_agent, lasts_secs: request.lasts_secs };
        retried(|| self.begin_session(&proven, from)).await
    }

    /// Begins the session of somebody whose password was right.
    async fn begin_session(&self, proven: &Proven, from: From<'_>) -> Result<Checked, Error> {
        let mut tx = self.store.begin().await?;
        let now = self.clock.now();
        let user = still(&mut *tx, &proven.user, &proven.stored).await?;
        let membership = choose(tx.memberships_of(user.id).await?, proven.tenant)?;
        if !accepts_code(&mut *tx, user.id, proven.code.as_deref(), now).await? {
            return Ok(Checked::WrongCode);
        }
        let mut counts = proven.subjects.read(&mut *tx, now).await?;
        counts.succeed(proven.attempt);
        proven.subjects.write(&mut *tx, &counts, now).await?;
        if let Some(hash) = &proven.new_hash {
            tx.set_password(user.id, hash).await?;
        }
        let session = self.add(&mut *tx, &membership, from, now).await?;
        let detail = json!({ "tenantId": session.tenant.0 });
        let (actor, subject) = (user.id.to_string(), session.id.to_string());
        tx.add_audit(&Entry::of(from.origin, actor, now, "session.begin", subject, detail)).await?;
        let signed_in = self.hand_out(tx, session, user, membership.role, now).await?;
        Ok(Checked::Right(Box::new(signed_in)))
    }

    /// Counts the sign-in as failed, before anything of it is checked: a hundred at once would all see room.
    pub(super) async fn count(&self, email: &Email, subjects: &SignInSubjects) -> Result<Counted, Error> {
        let mut tx = self.store.begin().await?;
        let now = self.clock.now();
        let mut counts = subjects.read(&mut *tx, now).await?;
        let attempt = counts.begin(now).map_err(throttled)?;
        subjects.write(&mut *tx, &counts, now).await?;
        let found = tx.find_credentials(email).await?;
        tx.commit().await?;
        Ok(Counted { attempt, found })
    }

    /// Counts it no longer.
    pub(super) async fn take_back(&self, subjects: &SignInSubjects, attempt: Attempt) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        let now = self.clock.now();
        let mut counts = subjects.read(&mut *tx, now).await?;
        counts.take_back(attempt);
        subjects.write(&mut *tx, &counts, now).await?;
        Ok(tx.commit().await?)
    }

    /// Adds a session. The oldest ones end where there are too many.
    async fn add(
        &self,
        tx: &mut dyn Tx,
        membership: &Membership,
        from: From<'_>,
        now: Timestamp,
    ) -> Result<Session, Error> {
        let tenant = check_tenant(tx, membership.tenant).await?;
        let living = tx.sessions_of(membership.user, now).await?;
        let too_many = (living.len() + 1).saturating_sub(MOST_SESSIONS);
        for mut session in living.into_iter().take(too_many) {
            super::end(tx, &mut session, now).await?;
            let (actor, subject) = (session.user.to_string(), session.id.to_string());
            tx.add_audit(&Entry::of(from.origin, actor, now, "session.displace", subject, json!({}))).await?;
        }
        // A clock that was set back must not make sessions that have ended from birth.
        let begin = now.max(tenant.not_before.unwrap_or(now));
        let expires_at = begin.plus_secs(from.lasts_secs);
        let session = Session {
            id: SessionId::new(Uuid::v7(now.ms().unsigned_abs(), random(&*self.entropy))),
            user: membership.user,
            tenant: membership.tenant,
            created_at: begin,
            expires_at,
            refreshed_at: begin,
            generation: 0,
            epoch: 0,
            jwt_until: begin,
            ended_at: None,
            ip: from.origin.ip.map(|ip| ip.to_string()).unwrap_or_default(),
            user_agent: from.user_agent.chars().filter(|c| !c.is_control()).take(USER_AGENT).collect(),
        };
        tx.add_session(&session).await?;
        Ok(session)
    }
}

pub(super) fn wrong() -> Error {
    Error::new(Code::InvalidCredentials, "invalid email or password")
}

fn wrong_code() -> Error {
    Error::new(Code::InvalidCredentials, "wrong code")
}

pub(super) fn throttled(throttled: Throttled) -> Error {
    Error::throttled("too many failed sign-ins, try again later", throttled.retry_after)
}

/// The user as it is now, if the password that was checked is still the one.
pub(super) async fn still(tx: &mut dyn Tx, user: &User, stored: &str) -> Result<User, Error> {
    let user = tx.lookup_user(user.id).await?.ok_or_else(wrong)?;
    if tx.password(user.id).await?.is_none_or(|hash| hash.to_phc() != stored) {
        // Perhaps only its hash is another: whoever tries again is told.
        return Err(Error::not_ready("the password was set in this moment"));
    }
    if !user.is_active {
        return Err(Error::new(Code::InvalidCredentials, "this user is disabled"));
    }
    Ok(user)
}

/// Whether the code is good, where a user has a second factor. It is used up, in the transaction of what it opens: of two
/// at once, one finds it used.
pub(super) async fn accepts_code(
    tx: &mut dyn Tx,
    user: UserId,
    code: Option<&str>,
    now: Timestamp,
) -> Result<bool, Error> {
    let Some(mut factor) = tx.second_factor(user).await?.filter(|factor| factor.is_confirmed) else {
        return Ok(true);
    };
    let code = code.ok_or_else(|| {
        Error::new(
            Code::SecondFactorRequired,
            "send a code of your authenticator app, or a recovery code, as code",
        )
    })?;
    let is_good = factor.accept(code, now);
    if is_good {
        tx.save_second_factor(user, &factor).await?;
    }
    Ok(is_good)
}

/// The tenant that was asked for, or the only one.
fn choose(memberships: Vec<Membership>, tenant: Option<TenantId>) -> Result<Membership, Error> {
    let fits = |membership: &Membership| tenant.is_none_or(|tenant| tenant == membership.tenant);
    let mut fitting: Vec<Membership> = memberships.into_iter().filter(fits).collect();
    match (fitting.pop(), fitting.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(_), false) => {
            Err(Error::invalid("tenant_id: is required, because you belong to several tenants"))
        }
        // Whoever knows the password may learn this.
        (None, _) => Err(Error::new(Code::InvalidCredentials, "you are not a member of this tenant")),
    }
}
