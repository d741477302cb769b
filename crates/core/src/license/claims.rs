//! What a license says, as JSON.

use super::Platform;
use crate::time::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The claims of a license.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
// A claim that is not known may be a restriction, so it is an error.
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct License {
    /// How many sessions may be open at the same time; `None`: any number.
    #[serde(default)]
    pub session_limit: Option<u32>,
    /// Where it may be used.
    #[serde(default)]
    pub platform: Platform,
    /// When it was made.
    #[serde(serialize_with = "write", deserialize_with = "read")]
    pub issued_at: Timestamp,
    /// The first moment at which it has expired.
    #[serde(serialize_with = "write", deserialize_with = "read")]
    pub expires_at: Timestamp,
    /// For how many days after that Titan goes on.
    #[serde(default)]
    pub grace_period_days: u32,
    /// The AWS account in which alone it may be used.
    #[serde(default)]
    pub aws_account_id: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn write<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    Timestamp::parse(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is not a time (RFC 3339)")))
}
