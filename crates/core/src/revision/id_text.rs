//! An id in a status: as text.

use serde::{Deserialize, Deserializer, Serializer, de};
use titan_token::KeyId;

#[expect(clippy::ref_option, reason = "serde asks for it")]
pub(super) fn serialize<S: Serializer>(id: &Option<KeyId>, serializer: S) -> Result<S::Ok, S::Error> {
    match id {
        Some(id) => serializer.collect_str(id),
        None => serializer.serialize_none(),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<KeyId>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(|_| de::Error::custom("no id"))).transpose()
}
