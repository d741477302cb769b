//! Secrets as types: none can be printed, copied or compared by accident.

use alloc::string::String;
use zeroize::Zeroizing;

/// The whole text of a key, as its holder presents it. Shown once, when it is issued.
pub struct PlainKey(Zeroizing<String>);

impl PlainKey {
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for the one answer that carries it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// 32 random bytes from which the MAC keys of one signing-key slot are derived.
pub struct SigningSecret(Zeroizing<[u8; 32]>);

impl SigningSecret {
    /// Takes the bytes over.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for sealing and for key derivation.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}
