//! The status of a key that was imported from another system.

use crate::error::Error;
use crate::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, de};
use std::borrow::Cow;
use titan_token::{Claims, KeyId, ScopeSet, Slot, TenantId};

/// What a key of ours says itself. It never changes: what ends an imported key is in its [`super::KeyStatus`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "Text<'static>")]
pub struct ImportedStatus {
    /// Its id.
    pub id: KeyId,
    /// To whom it belongs.
    pub tenant: TenantId,
    /// What was granted, before implications.
    pub scopes: ScopeSet,
    /// Seconds since 1970; it is expired from this second on.
    pub expires_at: u32,
}

/// As JSON has it, which has no numbers of 128 bits.
#[derive(Serialize, Deserialize)]
struct Text<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    tenant: u32,
    /// Hexadecimal.
    #[serde(borrow)]
    scopes: Cow<'a, str>,
    expires_at: u32,
}

impl ImportedStatus {
    /// What a key of ours would say. No signing key signed it, so `slot` means nothing.
    pub fn claims(&self, slot: Slot) -> Claims {
        let Self { id, tenant, scopes, expires_at } = *self;
        Claims { slot, id, tenant, scopes, expires_at }
    }

    /// When it expires.
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_secs(self.expires_at.into())
    }
}

impl From<ImportedStatus> for Text<'static> {
    fn from(status: ImportedStatus) -> Self {
        Self {
            id: status.id.to_string().into(),
            tenant: status.tenant.0,
            scopes: format!("{:x}", status.scopes.bits()).into(),
            expires_at: status.expires_at,
        }
    }
}

impl<'de> Deserialize<'de> for ImportedStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer)?.try_into().map_err(de::Error::custom)
    }
}

impl TryFrom<Text<'_>> for ImportedStatus {
    type Error = Error;

    fn try_from(text: Text<'_>) -> Result<Self, Error> {
        let scopes = u128::from_str_radix(&text.scopes, 16).map_err(|_| Error::internal("no scopes"))?;
        Ok(Self {
            id: text.id.parse().map_err(|_| Error::internal("no id"))?,
            tenant: TenantId(text.tenant),
            scopes: ScopeSet::from_bits(scopes),
            expires_at: text.expires_at,
        })
    }
}
