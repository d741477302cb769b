//! The MAC key of one slot.

use crate::SigningSecret;
use crate::mac::{Mac, MacKey, Message};

/// The MAC did not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadMac;

/// The HMAC-SHA256 key with which one slot signs API keys: derived by HKDF (RFC 5869) from the slot's secret.
///
/// Whoever holds it can mint keys, so it never leaves the process.
pub struct SigningKey(MacKey);

const LABEL: &[u8] = b"titan/v1/api-key";

impl SigningKey {
    /// The key that signs API keys (all three prefixes: the prefix is under the MAC).
    pub fn for_api_keys(secret: &SigningSecret) -> Self {
        Self(MacKey::new(&secret.derive(LABEL)))
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
