//! The status of an opaque key.

use crate::error::Error;
use crate::time::Timestamp;
use crate::user::Role;
use serde::{Deserialize, Deserializer, Serialize, de};
use std::borrow::Cow;
use titan_token::{KeyId, TenantId, UserId};

/// All that the edge needs to accept an opaque key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "Text<'static>")]
pub struct OpaqueStatus {
    /// Its id.
    pub id: KeyId,
    /// To whom it belongs.
    pub tenant: TenantId,
    /// Who made it.
    pub owner: UserId,
    /// The role of that user.
    pub role: Role,
    /// When it expires; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// Whether neither its switch nor its owner keeps it from being used.
    pub is_on: bool,
}

/// As JSON has it. It borrows what it reads: a start reads one for every key.
#[derive(Serialize, Deserialize)]
struct Text<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    tenant: u32,
    #[serde(borrow)]
    owner: Cow<'a, str>,
    #[serde(borrow)]
    role: Cow<'a, str>,
    /// Milliseconds since 1970.
    expires_at: Option<i64>,
    is_on: bool,
}

impl From<OpaqueStatus> for Text<'static> {
    fn from(status: OpaqueStatus) -> Self {
        Self {
            id: status.id.to_string().into(),
            tenant: status.tenant.0,
            owner: status.owner.to_string().into(),
            role: status.role.name().into(),
            expires_at: status.expires_at.map(Timestamp::ms),
            is_on: status.is_on,
        }
    }
}

impl<'de> Deserialize<'de> for OpaqueStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer)?.try_into().map_err(de::Error::custom)
    }
}

impl TryFrom<Text<'_>> for OpaqueStatus {
    type Error = Error;

    fn try_from(text: Text<'_>) -> Result<Self, Error> {
        let bad = |_| Error::internal("no id");
        Ok(Self {
            id: text.id.parse().map_err(bad)?,
            tenant: TenantId(text.tenant),
            owner: text.owner.parse().map_err(bad)?,
            role: Role::parse(&text.role)?,
            expires_at: text.expires_at.map(Timestamp::from_ms),
            is_on: text.is_on,
        })
    }
}
