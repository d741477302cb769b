//! The MAC key of one slot.

use crate::SigningSecret;
use crate::mac::{Mac, MacKey, Message};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use zeroize::Zeroizing;

/// The MAC did not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadMac;

/// The HMAC-SHA256 key with which one slot signs API keys: derived by HKDF (RFC 5869) from the slot's secret.
///
/// Whoever holds it can mint keys, so it never leaves the process.
pub struct SigningKey(MacKey);

/// HKDF `info`: one label for each kind of credential, so that no MAC of one kind holds for another.
const API_KEY_LABEL: &[u8] = b"titan/v1/api-key";

impl SigningKey {
    /// The key that signs API keys (all three prefixes: the prefix is under the MAC).
    pub fn for_api_keys(secret: &SigningSecret) -> Self {
        let extracted = Salt::new(HKDF_SHA256, &[]).extract(secret.expose());
        let mut key = Zeroizing::new([0; 32]);
        let derived = extracted.expand(&[API_KEY_LABEL], HKDF_SHA256).and_then(|okm| okm.fill(&mut *key));
        match derived {
            Ok(()) => Self(MacKey::new(&key)),
            // It fails for outputs over 255 × 32 bytes (RFC 5869, 2.3); this one has 32.
            Err(Unspecified) => unreachable!("32 bytes are within HKDF's limit"),
        }
    }

    #[inline]
    pub(crate) fn sign(&self, message: &Message) -> Mac {
        self.0.mac(message)
    }

    /// Compares in constant time.
    #[inline]
    pub(crate) fn check(&self, message: &Message, mac: &Mac) -> Result<(), BadMac> {
        if self.0.is_mac_of(mac, message) { Ok(()) } else { Err(BadMac) }
    }
}
