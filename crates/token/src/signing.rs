//! The MAC key of one slot.

use crate::SigningSecret;
use ring::{hkdf, hmac};

/// The MAC did not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadMac;

/// The HMAC-SHA256 key with which one slot signs API keys: derived by HKDF (RFC 5869) from the slot's secret.
///
/// Whoever holds it can mint keys, so it never leaves the process.
pub struct SigningKey(hmac::Key);

/// HKDF `info`: one label for each kind of credential, so that no MAC of one kind holds for another.
const API_KEY_LABEL: &[u8] = b"titan/v1/api-key";

impl SigningKey {
    /// The key that signs API keys (all three prefixes: the prefix is under the MAC).
    pub fn for_api_keys(secret: &SigningSecret) -> Self {
        let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(secret.expose());
        let label = [API_KEY_LABEL];
        match extracted.expand(&label, hmac::HMAC_SHA256) {
            Ok(expanded) => Self(hmac::Key::from(expanded)),
            // `expand` fails for outputs over 255 × 32 bytes (RFC 5869, 2.3); this one has 32.
            Err(ring::error::Unspecified) => unreachable!("32 bytes are within HKDF's limit"),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> hmac::Tag {
        hmac::sign(&self.0, message)
    }

    /// Compares in constant time.
    pub(crate) fn check(&self, message: &[u8], mac: &[u8]) -> Result<(), BadMac> {
        hmac::verify(&self.0, message, mac).map_err(|_| BadMac)
    }
}
