//! What kind of credential a text is.

use crate::{
    InvitationToken, LegacyKey, Malformed, OpaqueKey, Prefix, UntrustedClientToken, UntrustedJwt,
    UntrustedKey, UntrustedRefresh,
};

/// A text that has the shape of one kind of credential.
pub enum Presented<'a> {
    /// `titan_ct_` and a JWT: a client token.
    Client(UntrustedClientToken<'a>),
    /// A session JWT: three parts in base64url.
    Jwt(UntrustedJwt<'a>),
    /// `titan_` and 64 hex digits.
    Legacy(LegacyKey),
    /// `whm_` and 32 hex digits.
    Opaque(OpaqueKey),
    /// Prefix, claims and MAC.
    SelfContained(UntrustedKey),
}

/// The longest key: `titan_sk_live_` and 98 characters. No session JWT and no client token is as short.
const LONGEST_KEY: usize = 112;

impl<'a> Presented<'a> {
    /// Tells the kinds apart by prefix (the longest first) and, behind `titan_`, by length.
    #[inline]
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        if text.len() > LONGEST_KEY {
            return Self::parse_long(text);
        }
        if let Some(hex) = text.strip_prefix(OpaqueKey::PREFIX) {
            return OpaqueKey::parse(text, hex).map(Self::Opaque);
        }
        let (prefix, payload) = Prefix::ALL
            .into_iter()
            .find_map(|prefix| Some((prefix, text.strip_prefix(prefix.as_str())?)))
            .ok_or(Malformed::Prefix)?;
        let key = if prefix == Prefix::Standard && payload.len() == LegacyKey::DIGITS {
            LegacyKey::parse(text, payload).map(Self::Legacy)
        } else {
            UntrustedKey::parse(prefix, payload).map(Self::SelfContained)
        };
        key.map_err(|error| if is_for_elsewhere(text) { Malformed::Prefix } else { error })
    }

    /// What is too long for a key. Not inlined, so that keys do not pay for it.
    #[inline(never)]
    fn parse_long(text: &'a str) -> Result<Self, Malformed> {
        if UntrustedJwt::has_shape(text) {
            return UntrustedJwt::parse(text).map(Self::Jwt);
        }
        if text.starts_with(UntrustedClientToken::PREFIX) {
            return UntrustedClientToken::parse(text).map(Self::Client);
        }
        Err(Malformed::Length)
    }
}

/// Whether it begins as a credential that no request carries in a header. Asked only of what is no key: the first
/// character of a key's payload is A to D, so none begins like these.
#[cold]
pub(crate) fn is_for_elsewhere(text: &str) -> bool {
    [UntrustedClientToken::PREFIX, UntrustedRefresh::PREFIX, InvitationToken::PREFIX]
        .iter()
        .any(|prefix| text.starts_with(prefix))
}
