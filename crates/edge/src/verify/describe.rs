//! What is told of a key.

use super::{PATIENCE, Verification, Verifier, VerifyCode};
use crate::body_error::BodyError;
use std::sync::Arc;
use titan_core::key::Key;
use titan_core::revision::OpaqueStatus;
use titan_core::time::Timestamp;
use titan_token::{Claims, KeyId};

impl Verifier {
    /// All that may be told of a key that is ours. The row only adds what people read: without it, the answer
    /// is as good.
    pub(super) async fn describe(&self, key: &Claims, code: VerifyCode) -> Verification {
        let row = match self.follower.key_cache().cached(key.id) {
            None => Box::pin(self.read_row(key.id)).await,
            cached => cached,
        };
        Verification {
            valid: code == VerifyCode::Valid,
            code,
            key_id: Some(key.id.to_string()),
            tenant_id: Some(key.tenant.0),
            scopes: Some(self.scope_names(key, row.as_deref())),
            label: row.map(|row| row.label.clone()),
            expires_at: Some(Timestamp::from_secs(key.expires_at.into()).to_string()),
            rate_limit: None,
        }
    }

    /// The same of an opaque key, from memory. Its name is not there.
    pub(super) fn describe_opaque(&self, key: &OpaqueStatus, code: VerifyCode) -> Verification {
        let catalogue = self.guard.catalogue();
        let scopes = self.guard.role_scopes(key.role).iter().map(|bit| catalogue.name(bit));
        Verification {
            valid: code == VerifyCode::Valid,
            code,
            key_id: Some(key.id.to_string()),
            tenant_id: Some(key.tenant.0),
            scopes: Some(scopes.collect()),
            label: None,
            expires_at: key.expires_at.map(|end| end.to_string()),
            rate_limit: None,
        }
    }

    /// The row from the database, if it can be read soon.
    async fn read_row(&self, id: KeyId) -> Option<Arc<Key>> {
        let row = tokio::time::timeout(PATIENCE, self.follower.key_cache().lookup(id)).await;
        row.map_err(Into::into).and_then(|row| row.map_err(BodyError::from)).unwrap_or_else(|error| {
            tracing::warn!(%error, "the label of a key cannot be read");
            None
        })
    }

    fn scope_names(&self, key: &Claims, row: Option<&Key>) -> Vec<String> {
        let name = |bit| self.guard.catalogue().name(bit);
        match row {
            Some(row) => row.scopes.iter().copied().map(name).collect(),
            None => key.scopes.iter().map(name).collect(),
        }
    }
}
