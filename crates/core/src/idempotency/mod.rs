//! `Idempotency-Key`: a request that is sent twice is done once, and answered twice the same.

use crate::error::Error;
use crate::store_error::StoreResult;
use crate::time::Timestamp;
use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use titan_token::KeyId;

/// How long an answer is remembered: 24 hours.
pub const REMEMBERED_SECS: i64 = 24 * 3600;

/// A caller's name for one request, and what the request said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestName {
    name: String,
    fingerprint: [u8; 32],
}

impl RequestName {
    /// `name` is the value of the header: 1 to 255 visible ASCII characters. `request` identifies the content of
    /// the request: its route and its body.
    pub fn new(name: &str, request: &str) -> Result<Self, Error> {
        if !(1..=255).contains(&name.len()) || !name.bytes().all(|c| c.is_ascii_graphic()) {
            return Err(Error::invalid("Idempotency-Key: must be 1 to 255 visible ASCII characters"));
        }
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest(&SHA256, request.as_bytes()).as_ref());
        Ok(Self { name: name.to_owned(), fingerprint })
    }

    /// The caller's name for it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the request said, hashed.
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }
}

/// What was answered. The secret is not in it: a key is signed again from its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The request's fingerprint.
    pub fingerprint: [u8; 32],
    /// The key that was made.
    pub key: KeyId,
    /// Its label then.
    pub label: String,
    /// Its switch then.
    pub is_active: bool,
    /// When it was answered.
    pub at: Timestamp,
}

/// Remembering answers.
#[async_trait]
pub trait AnswersTx {
    /// What `actor` was answered under this name since `since`. Older answers are forgotten.
    async fn answer(&mut self, actor: &str, name: &str, since: Timestamp) -> StoreResult<Option<Answer>>;

    /// Remembers an answer.
    async fn add_answer(&mut self, actor: &str, name: &str, answer: &Answer) -> StoreResult<()>;
}
