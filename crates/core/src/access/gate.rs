//! Authentication: from the text of a credential to a caller.

use super::{Denial, Held, Principal};
use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use subtle::ConstantTimeEq;
use titan_token::{Binding, UntrustedConsole, UntrustedRefresh, VerifiedConsole};

/// Authenticates API keys and JWTs. The edge implements it, and the control plane uses it, so that both decide in the same
/// way.
#[async_trait]
pub trait Gate: Send + Sync {
    /// Whose credential this is, after every check but the scope.
    async fn authenticate(&self, credential: &str) -> Result<Principal, Denial>;

    /// What somebody holds who shows this credential, if it is ours and has not expired.
    async fn held(&self, credential: &str) -> Result<Option<Held>, Denial>;

    /// Whether a refresh token is one of ours, from memory: a forged one shall not reach the database.
    fn knows_refresh(&self, token: &UntrustedRefresh) -> bool;

    /// The console session of a token, from memory. It is bound to one of `bindings`.
    fn console(&self, token: &UntrustedConsole, bindings: &[Binding]) -> Result<VerifiedConsole, Denial>;

    /// The public keys of the session JWTs, as a JWKS (RFC 7517, 5).
    fn jwks(&self) -> String;
}

const LABEL: &[u8] = b"titan/v1/console-binding";

/// The master keys in force: one, or two while one replaces the other. Only their hashes are kept.
pub struct MasterKeys(Vec<[u8; 32]>);

/// A master key has at least this many characters.
pub const MASTER_KEY_LENGTH: usize = 32;

impl MasterKeys {
    /// The keys in force.
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a str>) -> Self {
        Self(keys.into_iter().map(hash).collect())
    }

    /// Whether this is one of them. It always compares with all hashes, each in constant time. So the time reveals
    /// neither the length nor the position of a difference.
    pub fn contains(&self, credential: &str) -> bool {
        let presented = hash(credential);
        let found = self.0.iter().fold(subtle::Choice::from(0), |found, key| found | key.ct_eq(&presented));
        found.into()
    }

    /// What binds console sessions to each of these keys.
    pub fn bindings(&self) -> Vec<Binding> {
        self.0.iter().map(binding).collect()
    }

    /// What binds a console session to this key, if it is one of them.
    pub fn binding(&self, credential: &str) -> Option<Binding> {
        self.contains(credential).then(|| binding(&hash(credential)))
    }
}

/// A part of a hash of the hash: nothing that anybody could show as the key, or learn it from.
fn binding(key: &[u8; 32]) -> Binding {
    let digest = digest(&SHA256, &[LABEL, key].concat());
    let mut binding = Binding::default();
    let length = binding.len();
    binding.copy_from_slice(&digest.as_ref()[..length]);
    binding
}

fn hash(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_two_keys_is_good_and_no_part_of_one() {
        let keys = MasterKeys::new(["a".repeat(32).as_str(), "b".repeat(40).as_str()]);
        assert!(keys.contains(&"a".repeat(32)) && keys.contains(&"b".repeat(40)));
        assert!(!keys.contains(&"a".repeat(31)) && !keys.contains(&"a".repeat(33)) && !keys.contains(""));
        assert!(!MasterKeys::new([]).contains(""));
    }
}
