//! A row of the file, and what is sent of it: never the key itself.

use crate::command::remote::hex;
use anyhow::{Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use titan_token::{HashedKey, Presented};

/// The longest row that is sent, in bytes.
pub(super) const LONGEST: usize = 8 * 1024;

/// A key of another system, as the file names it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) key: Option<String>,
    pub(super) sha256: Option<String>,
    pub(super) label: Option<String>,
    pub(super) scopes: Option<Vec<String>>,
    pub(super) expires_at: Option<String>,
    pub(super) tenant_id: Option<u32>,
}

/// What a row has that does not say it.
pub(super) struct Defaults {
    pub(super) label: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) expires_at: Option<String>,
    pub(super) tenant: u32,
}

impl Row {
    pub(super) fn into_wire(self, defaults: &Defaults) -> Result<Value> {
        let sha256 = match (self.key, self.sha256) {
            (Some(key), None) => hash(&key)?,
            (None, Some(sha256)) => sha256,
            (Some(_), Some(_)) => bail!("key, sha256: give only one of them"),
            (None, None) => bail!("key or sha256: is missing"),
        };
        let label = self.label.or_else(|| defaults.label.clone());
        let expires_at = self.expires_at.or_else(|| defaults.expires_at.clone());
        let scopes =
            self.scopes.filter(|scopes| !scopes.is_empty()).unwrap_or_else(|| defaults.scopes.clone());
        ensure!(label.is_some(), "label: is missing; --label gives one to all");
        ensure!(expires_at.is_some(), "expiresAt: is missing; --expires gives one to all");
        ensure!(!scopes.is_empty(), "scopes: are missing; --scope gives some to all");
        let wire = json!({
            "sha256": sha256, "label": label, "scopes": scopes, "expiresAt": expires_at,
            "tenantId": self.tenant_id.unwrap_or(defaults.tenant),
        });
        ensure!(wire.to_string().len() <= LONGEST, "is longer than {LONGEST} bytes");
        Ok(wire)
    }
}

/// Of a key that Titan would look up by its hash.
fn hash(key: &str) -> Result<String> {
    match Presented::parse(key) {
        Ok(Presented::Client(_) | Presented::SelfContained(_) | Presented::Jwt(_)) => {
            bail!("key: is one of Titan, not of another system")
        }
        Ok(Presented::Legacy(_) | Presented::Opaque(_)) => {}
        Err(_) if HashedKey::is_foreign(key) => {}
        Err(_) => bail!("key: must have 16 to 256 visible ASCII characters"),
    }
    Ok(hex(HashedKey::of(key).as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(json: &str, expires_at: Option<&str>) -> Result<Value, String> {
        let defaults = Defaults {
            label: None,
            scopes: vec!["tasks:read".to_owned()],
            expires_at: expires_at.map(str::to_owned),
            tenant: 7,
        };
        let row: Row = serde_json::from_str(json).map_err(|error| error.to_string())?;
        row.into_wire(&defaults).map_err(|error| error.to_string())
    }

    #[test]
    fn a_key_is_hashed_here_and_never_sent() {
        let key = "sk_live_0123456789abcdef";
        let wire = sent(&format!(r#"{{"key":"{key}","label":"a"}}"#), Some("2099-01-01T00:00:00Z")).unwrap();
        assert!(!wire.to_string().contains(key));
        assert_eq!(wire["sha256"], hex(HashedKey::of(key).as_bytes()));
        assert_eq!((&wire["tenantId"], &wire["scopes"][0]), (&json!(7), &json!("tasks:read")));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let hash = "ab".repeat(32);
        let of = |rest: &str| sent(&format!(r#"{{"sha256":"{hash}"{rest}}}"#), None).unwrap_err();
        assert!(of("").starts_with("label: is missing"));
        assert!(of(r#","label":"a""#).starts_with("expiresAt: is missing"));
        assert!(of(r#","key":"x""#).contains("only one"));
        assert!(of(r#","nonsense":1"#).contains("unknown field `nonsense`"));
        assert!(sent("{}", None).unwrap_err().contains("key or sha256"));
        assert!(sent(r#"{"key":"short"}"#, None).unwrap_err().contains("16 to 256"));
        let titan = format!("titan_{}", "A".repeat(98));
        assert!(sent(&format!(r#"{{"key":"{titan}"}}"#), None).unwrap_err().contains("one of Titan"));
    }
}
