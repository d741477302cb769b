//! What can be done with client tokens and their rules.

use super::input::{chat, life, person};
use super::{ClientRules, ClientSession, MOST_BYTES, MOST_SESSIONS, RecipientMode, RevokedToken};
use crate::access::{Denial, KeyPrincipal, ManageClientTokens, Permit};
use crate::audit::{Entry, changed};
use crate::entropy::{Entropy, random};
use crate::error::Error;
use crate::key::check_caller;
use crate::port::{Store, Tx};
use crate::refuse::refused;
use crate::retry::retried;
use crate::revision::{Change, Propagation, Receipt, Wait};
use crate::session::JwtSettings;
use crate::signing::{SlotKey, signer};
use crate::time::{Clock, Timestamp};
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use titan_token::{ClientClaims, ClientKey, ClientTokenId, PlainToken, SessionName, TenantId, Uuid};

/// Ids that were made so long ago can be revoked, in milliseconds: twice as long as a token lives …
const OLDEST_MS: i64 = 7_200_000;
/// … and ids that another clock will make so soon.
const AHEAD_MS: i64 = 300_000;
/// The rules of client tokens.
pub struct ClientTokenService {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    propagation: Arc<dyn Propagation>,
    jwt: JwtSettings,
}

/// What a new token shall be.
#[derive(Clone, Debug)]
pub struct NewClientToken {
    /// For which session.
    pub session: SessionName,
    /// For which person: any name that the caller gives.
    pub ephemeral_id: String,
    /// With whom the person talks.
    pub chat_id: Option<String>,
    /// How long it lives, in seconds.
    pub ttl_seconds: Option<u32>,
}

/// A token that was minted.
pub struct Minted {
    /// Its text.
    pub token: PlainToken,
    /// Its id.
    pub id: ClientTokenId,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl ClientTokenService {
    /// The rules over this store.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        propagation: Arc<dyn Propagation>,
        jwt: JwtSettings,
    ) -> Self {
        Self { store, clock, entropy, propagation, jwt }
    }

    /// The rules of a session of `tenant`. Whoever has a tenant of its own need not name it, and can name no other.
    pub async fn rules(
        &self,
        permit: &Permit<ManageClientTokens>,
        tenant: Option<TenantId>,
        name: SessionName,
    ) -> Result<ClientRules, Error> {
        self.existing(&session(permit, tenant, name)?).await
    }

    /// Sets the rules of a session: those of before are gone.
    pub async fn set_rules(
        &self,
        permit: &Permit<ManageClientTokens>,
        tenant: Option<TenantId>,
        name: SessionName,
        rules: ClientRules,
        wait: Wait,
    ) -> Result<(ClientRules, Receipt), Error> {
        let session = session(permit, tenant, name)?;
        let receipt = retried(|| self.try_set(permit, &session, (Some(&rules), None), wait)).await?;
        Ok((rules, receipt))
    }

    /// The same, if the rules of before are still those with this mark: somebody has looked at them before changing them.
    pub async fn change_rules(
        &self,
        permit: &Permit<ManageClientTokens>,
        tenant: TenantId,
        name: SessionName,
        (rules, mark): (ClientRules, [u8; 32]),
        wait: Wait,
    ) -> Result<Receipt, Error> {
        let session = session(permit, Some(tenant), name)?;
        retried(|| self.try_set(permit, &session, (Some(&rules), Some(mark)), wait)).await
    }

    /// Deletes the rules of a session: no client token may do anything there.
    pub async fn delete_rules(
        &self,
        permit: &Permit<ManageClientTokens>,
        tenant: Option<TenantId>,
        name: SessionName,
        wait: Wait,
    ) -> Result<Receipt, Error> {
        let session = session(permit, tenant, name)?;
        retried(|| self.try_set(permit, &session, (None, None), wait)).await
    }

    async fn try_set(
        &self,
        permit: &Permit<ManageClientTokens>,
        session: &ClientSession,
        (new, mark): (Option<&ClientRules>, Option<[u8; 32]>),
        wait: Wait,
    ) -> Result<Receipt, Error> {
        let mut tx = self.begin(permit, session.tenant).await?;
        let old = tx.current_client_rules(session).await?;
        if mark.is_some_and(|mark| mark != ClientRules::mark(old.as_ref())) {
            return Err(Error::conflict(
                "somebody has changed these rules meanwhile: look at them, and change them again",
            ));
        }
        match (&old, new) {
            // Perhaps the answer to the one that deleted them was lost.
            (None, None) => return Err(refused(tx, &*self.propagation, no_rules()).await),
            (_, Some(new)) => check_room(&mut *tx, session, (old.as_ref(), new)).await?,
            (Some(_), None) => {}
        }
        let change = Change::ClientRules(session.clone(), new.cloned().map(Arc::new));
        let revision = tx.record_change(&change).await?;
        let action = if new.is_some() { "client_rules.put" } else { "client_rules.delete" };
        let detail = changed(&audited(old.as_ref(), session), &audited(new, session));
        let entry = Entry::by(permit, self.clock.now(), action, session.name.to_string(), detail);
        tx.add_audit(&entry).await?;
        tx.commit().await?;
        self.propagation.receipt(revision, wait).await
    }

    /// Begins a write in a tenant, of a caller that is still good: a key was let in from memory, before this write had its turn.
    async fn begin(
        &self,
        permit: &Permit<ManageClientTokens>,
        tenant: TenantId,
    ) -> Result<Box<dyn Tx>, Error> {
        let mut tx = self.store.begin().await?;
        match permit.key() {
            Some(id) => check_caller(&mut *tx, id, self.clock.now()).await?,
            // A number that somebody typed: without a tenant, its rules would be nobody's.
            None if tx.lookup_tenant(tenant).await?.is_none() => return Err(Error::not_found("tenant")),
            None => {}
        }
        Ok(tx)
    }

    /// Mints a token. Nothing is written.
    pub async fn mint(
        &self,
        permit: &Permit<ManageClientTokens>,
        new: NewClientToken,
    ) -> Result<Minted, Error> {
        let (parent, life) = (key(permit)?, life(new.ttl_seconds)?);
        let (subject, chat) = (person(&new.ephemeral_id)?, new.chat_id.as_deref().map(chat).transpose()?);
        let session = ClientSession { name: new.session, tenant: parent.tenant() };
        let rules = self.existing(&session).await?;
        if rules.recipient_mode == RecipientMode::Conversation && chat.is_none() {
            return Err(Error::invalid("chatId: is required, because recipientMode is conversation"));
        }
        let slots = self.store.signing_keys().await?;
        let slot = signer_of(&slots, parent)?;
        // A clock that was set back must not make tokens that are revoked from birth.
        let now = self.clock.now().max(slot.not_before);
        let claims = ClientClaims {
            issuer: self.jwt.issuer.clone(),
            audience: self.jwt.audience.clone(),
            tenant: session.tenant,
            session: session.name,
            subject,
            chat,
            parent: parent.id(),
            issued_at: now.secs_u32(),
            expires_at: now.whole_seconds().plus_secs(life.into()).min(end_of(parent)).secs_u32(),
            id: ClientTokenId::new(Uuid::v7(now.ms().unsigned_abs(), random(&*self.entropy))),
        };
        Ok(Minted {
            token: claims.sign(slot.slot, &ClientKey::derive(&slot.secret)),
            id: claims.id,
            expires_at: Timestamp::from_secs(claims.expires_at.into()),
        })
    }

    async fn existing(&self, session: &ClientSession) -> Result<ClientRules, Error> {
        self.store.client_rules(session).await?.ok_or_else(no_rules)
    }

    /// Revokes a token. Nobody knows which were minted, so any id of the last hour is taken.
    pub async fn revoke(
        &self,
        permit: &Permit<ManageClientTokens>,
        id: ClientTokenId,
        wait: Wait,
    ) -> Result<Receipt, Error> {
        let tenant = key(permit)?.tenant();
        let age_ms = self.clock.now().ms().checked_sub_unsigned(id.uuid().unix_ms());
        // A row of the future would stay too long. The clocks of two instances may differ a little.
        if age_ms.is_none_or(|age| !(-AHEAD_MS..=OLDEST_MS).contains(&age)) {
            return Err(Error::not_found("client token"));
        }
        retried(|| self.try_revoke(permit, RevokedToken { id, tenant }, wait)).await
    }

    async fn try_revoke(
        &self,
        permit: &Permit<ManageClientTokens>,
        token: RevokedToken,
        wait: Wait,
    ) -> Result<Receipt, Error> {
        let mut tx = self.begin(permit, token.tenant).await?;
        let revision = tx.record_change(&Change::ClientToken(token)).await?;
        let detail = json!({ "tenantId": token.tenant.0 });
        let entry = Entry::by(permit, self.clock.now(), "client_token.revoke", token.id.to_string(), detail);
        tx.add_audit(&entry).await?;
        tx.commit().await?;
        self.propagation.receipt(revision, wait).await
    }
}

/// The session that is meant. What lies outside the reach does not exist for its holder.
fn session(
    permit: &Permit<ManageClientTokens>,
    tenant: Option<TenantId>,
    name: SessionName,
) -> Result<ClientSession, Error> {
    let tenant = tenant.or_else(|| permit.tenant()).ok_or_else(|| Error::invalid("tenantId: is required"))?;
    if permit.reach().includes_tenant(tenant) { Ok(ClientSession { name, tenant }) } else { Err(no_rules()) }
}

/// The API key that asks: a token belongs to its tenant.
fn key(permit: &Permit<ManageClientTokens>) -> Result<&KeyPrincipal, Error> {
    permit.key_principal().ok_or_else(|| Error::internal("no key asks"))
}

fn no_rules() -> Error {
    Error::not_found("client rules of this session")
}

/// The slot of the key that asks, so that the token ends with it. One that was imported has none: then that of new keys.
fn signer_of<'a>(slots: &'a [SlotKey], parent: &KeyPrincipal) -> Result<&'a SlotKey, Error> {
    if parent.key().is_imported() {
        return signer(slots).ok_or_else(|| Error::internal("no signing key"));
    }
    let slot = parent.key().claims().slot;
    let own = slots.iter().find(|key| key.slot == slot && key.retired_at.is_none());
    // It was retired since the key was let in.
    own.ok_or_else(|| Denial::Revoked.into())
}

/// Every instance has all rules in memory, so a tenant has only so much room for them.
async fn check_room(
    tx: &mut dyn Tx,
    session: &ClientSession,
    (old, new): (Option<&ClientRules>, &ClientRules),
) -> Result<(), Error> {
    let used = tx.room_of_client_rules(session.tenant).await?;
    if old.is_none() && used.sessions >= MOST_SESSIONS {
        let message = format!("at most {MOST_SESSIONS} sessions of a tenant can have had rules");
        return Err(Error::conflict(message));
    }
    let length =
        |rules| serde_json::to_string(rules).map(|text| u64::try_from(text.len()).unwrap_or(u64::MAX));
    let more = length(new).map_err(Error::internal)?;
    let less = old.map(length).transpose().map_err(Error::internal)?.unwrap_or(0);
    if (used.bytes + more).saturating_sub(less) > MOST_BYTES && more > less {
        let message = format!("the rules of all sessions of a tenant have at most {MOST_BYTES} bytes");
        return Err(Error::conflict(message));
    }
    Ok(())
}

/// No token lives longer than its parent.
fn end_of(parent: &KeyPrincipal) -> Timestamp {
    let end = parent.retirement().map_or(parent.expires_at(), |retirement| retirement.until);
    end.min(parent.expires_at())
}

/// How many there are, and which: the log keeps every row, and a list can be long.
fn fingerprint(names: &BTreeSet<Box<str>>) -> String {
    let text = names.iter().map(|name| &**name).collect::<Vec<_>>().join("\n");
    let hash = digest(&SHA256, text.as_bytes());
    let first: String = hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{} sha256:{first}", names.len())
}

fn audited(rules: Option<&ClientRules>, session: &ClientSession) -> Value {
    let Some(rules) = rules else { return Value::Null };
    json!({
        "tenantId": session.tenant.0,
        "recipientMode": rules.recipient_mode.name(),
        "allowedRecipients": fingerprint(&rules.allowed_recipients),
        "allowedActions": rules.allowed_actions,
        "allowedOrigins": rules.allowed_origins,
        "rateLimit": rules.rate_limit,
        "maxDaily": rules.max_daily,
        "enabled": rules.enabled,
    })
}
