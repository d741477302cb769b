//! Secrets as types: none can be printed, copied or compared by accident.

use alloc::string::String;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
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

/// The whole text of a session JWT, a refresh token or an invitation, as its holder presents it.
pub struct PlainToken(Zeroizing<String>);

impl PlainToken {
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for the one answer or message that carries it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// 32 random bytes from which the keys of one signing-key slot are derived.
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
    /// The key for one kind of credential: HKDF-SHA256 (RFC 5869) without salt. `label` is its `info`: one for each
    /// kind, so that nothing signed as one kind holds as another.
    pub(crate) fn derive(&self, label: &'static [u8]) -> Zeroizing<[u8; 32]> {
        let extracted = Salt::new(HKDF_SHA256, &[]).extract(self.expose());
        let mut key = Zeroizing::new([0; 32]);
        match extracted.expand(&[label], HKDF_SHA256).and_then(|okm| okm.fill(&mut *key)) {
            Ok(()) => key,
            // It fails for outputs over 255 × 32 bytes (RFC 5869, 2.3); this one has 32.
            Err(Unspecified) => unreachable!("32 bytes are within HKDF's limit"),
        }
    }
}
