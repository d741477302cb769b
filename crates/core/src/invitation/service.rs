//! Inviting, and taking an invitation back.

use super::{INVITATION_SECS, Invitation, MOST_INVITATIONS};
use crate::access::{ManageMembers, Permit, UserPrincipal};
use crate::audit::Entry;
use crate::entropy::{Entropy, random};
use crate::error::Error;
use crate::port::{Store, Tx};
use crate::retry::retried;
use crate::time::{Clock, Timestamp};
use crate::user::{Email, PasswordWork, Role, begin_managing, check_reach};
use serde_json::json;
use std::sync::Arc;
use titan_token::{InvitationId, InvitationToken, PlainToken, TenantId, Uuid};

/// The rules of invitations.
pub struct InvitationService {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) passwords: Arc<dyn PasswordWork>,
    /// The page that accepts one.
    page: Option<String>,
}

impl InvitationService {
    /// `page` is the address of a page that accepts invitations, if there is one.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        passwords: Arc<dyn PasswordWork>,
        page: Option<String>,
    ) -> Self {
        Self { store, clock, entropy, passwords, page }
    }

    /// The link to send. The secret is in the fragment, which browsers do not send to servers (RFC 3986, 3.5).
    pub fn link(&self, token: &PlainToken) -> Option<String> {
        self.page.as_ref().map(|page| format!("{page}#{}", token.expose()))
    }

    /// Invites somebody to a tenant. A second invitation of the same address takes the place of the first.
    pub async fn invite(
        &self,
        permit: &Permit<ManageMembers>,
        tenant: TenantId,
        email: &str,
        role: Role,
    ) -> Result<(Invitation, PlainToken), Error> {
        let email = Email::parse(email)?;
        retried(|| self.try_invite(permit, tenant, &email, role)).await
    }

    async fn try_invite(
        &self,
        permit: &Permit<ManageMembers>,
        tenant: TenantId,
        email: &Email,
        role: Role,
    ) -> Result<(Invitation, PlainToken), Error> {
        let now = self.clock.now();
        let mut tx = begin_managing(&*self.store, permit, tenant).await?;
        tx.lookup_tenant(tenant).await?.ok_or_else(|| Error::not_found("tenant"))?;
        check_room(&mut *tx, tenant, email, now).await?;
        let (plain, token) = InvitationToken::from_random(random(&*self.entropy));
        let invitation = Invitation {
            id: InvitationId::new(Uuid::v7(now.ms().unsigned_abs(), random(&*self.entropy))),
            tenant,
            email: email.clone(),
            role,
            invited_by: permit.user().map(UserPrincipal::id),
            created_at: now.whole_seconds(),
            expires_at: now.whole_seconds().plus_secs(INVITATION_SECS),
        };
        tx.put_invitation(&invitation, &token.hashed()).await?;
        tx.forget_invitations(now).await?;
        // No address: what is in the audit log stays there.
        let detail = json!({ "tenantId": tenant.0, "role": role.name() });
        let subject = invitation.id.to_string();
        tx.add_audit(&Entry::by(permit, now, "invitation.create", subject, detail)).await?;
        tx.commit().await?;
        Ok((invitation, plain))
    }

    /// The open invitations of a tenant: at most a hundred.
    pub async fn list(
        &self,
        permit: &Permit<ManageMembers>,
        tenant: TenantId,
    ) -> Result<Vec<Invitation>, Error> {
        check_reach(permit, tenant)?;
        if permit.user().is_some() {
            // Who is an owner now is known in a transaction alone.
            begin_managing(&*self.store, permit, tenant).await?.commit().await?;
        }
        self.store.tenant(tenant).await?.ok_or_else(|| Error::not_found("tenant"))?;
        Ok(self.store.invitations(tenant, self.clock.now(), MOST_INVITATIONS).await?)
    }

    /// Takes an invitation back. Whoever has the link finds it gone.
    pub async fn withdraw(
        &self,
        permit: &Permit<ManageMembers>,
        tenant: TenantId,
        id: InvitationId,
    ) -> Result<(), Error> {
        retried(|| self.try_withdraw(permit, tenant, id)).await
    }

    async fn try_withdraw(
        &self,
        permit: &Permit<ManageMembers>,
        tenant: TenantId,
        id: InvitationId,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let mut tx = begin_managing(&*self.store, permit, tenant).await?;
        if !tx.remove_invitation(tenant, id).await? {
            return Err(Error::not_found("invitation"));
        }
        let detail = json!({ "tenantId": tenant.0 });
        tx.add_audit(&Entry::by(permit, now, "invitation.withdraw", id.to_string(), detail)).await?;
        Ok(tx.commit().await?)
    }
}

async fn check_room(tx: &mut dyn Tx, tenant: TenantId, email: &Email, now: Timestamp) -> Result<(), Error> {
    if let Some(user) = tx.find_user(email).await?
        && tx.membership(user.id, tenant).await?.is_some()
    {
        return Err(Error::conflict("this user is a member of the tenant already"));
    }
    if tx.count_invitations(tenant, now).await? >= MOST_INVITATIONS {
        return Err(Error::conflict(format!(
            "a tenant has at most {MOST_INVITATIONS} open invitations: withdraw one first"
        )));
    }
    Ok(())
}
