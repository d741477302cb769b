//! A key treated as a password: Argon2 with its default parameters, at every request.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};

const KEY: &[u8] = b"whm_0123456789abcdef0123456789abcdef";

/// A stored hash.
pub struct Password(String);

impl Password {
    /// Hashes the key.
    pub fn new() -> anyhow::Result<Self> {
        let hash = Argon2::default().hash_password_with_salt(KEY, b"0123456789abcdef");
        Ok(Self(hash.map_err(|error| anyhow::anyhow!("argon2: {error}"))?.to_string()))
    }

    /// Whether the key is the one that was hashed.
    pub fn check(&self) -> bool {
        let hash = PasswordHash::new(&self.0);
        hash.is_ok_and(|hash| Argon2::default().verify_password(KEY, &hash).is_ok())
    }
}
