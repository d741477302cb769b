//! What kind of key a text is.

use crate::{LegacyKey, Malformed, OpaqueKey, Prefix, UntrustedKey};

/// A text that has the shape of one kind of key.
pub enum Presented {
    /// `titan_` and 64 hex digits.
    Legacy(LegacyKey),
    /// `whm_` and 32 hex digits.
    Opaque(OpaqueKey),
    /// Prefix, claims and MAC.
    SelfContained(UntrustedKey),
}

/// The longest text that is looked at: `titan_sk_live_` and 98 characters.
const LONGEST: usize = 112;
/// Client tokens are another credential: no key begins like this, as a payload's first character is A to D.
const CLIENT_TOKEN: &str = "titan_ct_";

impl Presented {
    /// Tells the kinds apart by prefix (the longest first) and, behind `titan_`, by length.
    #[inline]
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.len() > LONGEST {
            return Err(Malformed::Length);
        }
        if let Some(hex) = text.strip_prefix(OpaqueKey::PREFIX) {
            return OpaqueKey::parse(text, hex).map(Self::Opaque);
        }
        if text.starts_with(CLIENT_TOKEN) {
            return Err(Malformed::Prefix);
        }
        let (prefix, payload) = Prefix::ALL
            .into_iter()
            .find_map(|prefix| Some((prefix, text.strip_prefix(prefix.as_str())?)))
            .ok_or(Malformed::Prefix)?;
        if prefix == Prefix::Standard && payload.len() == LegacyKey::DIGITS {
            return LegacyKey::parse(text, payload).map(Self::Legacy);
        }
        UntrustedKey::parse(prefix, payload).map(Self::SelfContained)
    }
}
