//! Accepting an invitation: by a new user with a password, or by one who has signed in.

use super::{Invitation, InvitationService};
use crate::access::{ManageOwnSessions, Origin, Permit};
use crate::audit::Entry;
use crate::entropy::random;
use crate::error::{Code, Error};
use crate::port::Tx;
use crate::retry::retried;
use crate::session::{asking, membership_of};
use crate::time::Timestamp;
use crate::user::{Factors, Membership, PasswordHash, PlainPassword, Role, User};
use serde_json::json;
use titan_token::{HashedInvitation, InvitationToken, TenantId, UserId, Uuid};

/// Who accepts.
pub enum Acceptance {
    /// Somebody without an account, who sets a password.
    New(PlainPassword),
    /// A user who has signed in.
    User(Permit<ManageOwnSessions>),
}

/// Who is a member now.
pub struct Accepted {
    /// The user.
    pub user: User,
    /// Its new membership.
    pub membership: Membership,
}

impl InvitationService {
    /// Makes a member of who has the secret. It is good once.
    pub async fn accept(&self, token: &str, by: Acceptance, origin: &Origin) -> Result<Accepted, Error> {
        let secret = InvitationToken::parse(token).map_err(|_| gone())?.hashed();
        // From the readers, and before any password is hashed: this is open to everybody.
        let invitation = self.store.find_invitation(&secret).await?.ok_or_else(gone)?;
        match by {
            Acceptance::New(password) => {
                self.check_is_new(&invitation).await?;
                let password = password.approve(Factors::Password, &invitation.email)?;
                let hash = self.passwords.hash(password).await?;
                retried(|| self.try_accept_new(&secret, &hash, origin)).await
            }
            Acceptance::User(permit) => retried(|| self.try_accept(&secret, &permit)).await,
        }
    }

    /// The link went to the inviter first, so it is no proof of who has the address.
    async fn check_is_new(&self, invitation: &Invitation) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        let now = self.clock.now();
        let invitation = check(&mut *tx, Some(invitation.clone()), now).await?;
        refuse_existing(&mut *tx, &invitation).await?;
        Ok(tx.commit().await?)
    }

    async fn try_accept_new(
        &self,
        secret: &HashedInvitation,
        hash: &PasswordHash,
        origin: &Origin,
    ) -> Result<Accepted, Error> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let found = tx.invitation(secret).await?;
        let invitation = check(&mut *tx, found, now).await?;
        refuse_existing(&mut *tx, &invitation).await?;
        let id = UserId::new(Uuid::v7(now.ms().unsigned_abs(), random(&*self.entropy)));
        let email = invitation.email.clone();
        let user = User { id, email, is_active: true, created_at: now.whole_seconds() };
        tx.add_user(&user).await?;
        tx.set_password(id, hash).await?;
        let membership = join(&mut *tx, &invitation, id, origin, now).await?;
        tx.commit().await?;
        Ok(Accepted { user, membership })
    }

    async fn try_accept(
        &self,
        secret: &HashedInvitation,
        permit: &Permit<ManageOwnSessions>,
    ) -> Result<Accepted, Error> {
        let now = self.clock.now();
        let principal = asking(permit)?;
        let mut tx = self.store.begin().await?;
        membership_of(&mut *tx, principal).await?;
        let found = tx.invitation(secret).await?;
        let invitation = check(&mut *tx, found, now).await?;
        let user = tx.lookup_user(principal.id()).await?.ok_or_else(gone)?;
        if user.email.lookup_form() != invitation.email.lookup_form() {
            let text = "this invitation is for another e-mail address than that of your account";
            return Err(Error::new(Code::WrongCredential, text));
        }
        if tx.membership(user.id, invitation.tenant).await?.is_some() {
            return Err(Error::conflict("you are a member of this tenant already"));
        }
        let membership = join(&mut *tx, &invitation, user.id, permit.origin(), now).await?;
        tx.commit().await?;
        Ok(Accepted { user, membership })
    }
}

/// The invitation, if it is good now. Who has no good one learns nothing, not even what is wrong with it.
async fn check(tx: &mut dyn Tx, invitation: Option<Invitation>, now: Timestamp) -> Result<Invitation, Error> {
    let invitation = invitation.filter(|invitation| now < invitation.expires_at).ok_or_else(gone)?;
    let tenant = tx.lookup_tenant(invitation.tenant).await?;
    if tenant.is_none_or(|tenant| !tenant.is_active) {
        return Err(gone());
    }
    match invitation.invited_by {
        Some(inviter) if !is_owner(tx, inviter, invitation.tenant).await? => Err(gone()),
        _ => Ok(invitation),
    }
}

/// What somebody did as an owner does not hold when it is none any more.
async fn is_owner(tx: &mut dyn Tx, user: UserId, tenant: TenantId) -> Result<bool, Error> {
    let is_active = tx.lookup_user(user).await?.is_some_and(|user| user.is_active);
    let membership = tx.membership(user, tenant).await?;
    Ok(is_active && membership.is_some_and(|membership| membership.role == Role::Owner))
}

async fn refuse_existing(tx: &mut dyn Tx, invitation: &Invitation) -> Result<(), Error> {
    match tx.find_user(&invitation.email).await? {
        Some(_) => {
            let text = "there is an account with this e-mail address: sign in, and accept with its JWT";
            Err(Error::new(Code::WrongCredential, text))
        }
        None => Ok(()),
    }
}

/// The membership, in place of the invitation.
async fn join(
    tx: &mut dyn Tx,
    invitation: &Invitation,
    user: UserId,
    origin: &Origin,
    now: Timestamp,
) -> Result<Membership, Error> {
    let Invitation { tenant, role, .. } = *invitation;
    let membership = Membership { user, tenant, role, since: now.whole_seconds() };
    tx.put_membership(&membership).await?;
    tx.remove_invitation(tenant, invitation.id).await?;
    let detail =
        json!({ "tenantId": tenant.0, "role": role.name(), "invitation": invitation.id.to_string() });
    let (actor, subject) = (user.to_string(), user.to_string());
    tx.add_audit(&Entry::of(origin, actor, now, "member.join", subject, detail)).await?;
    Ok(membership)
}

fn gone() -> Error {
    Error::new(Code::NotFound, "invitation not found: it was used or withdrawn, or it has expired")
}
