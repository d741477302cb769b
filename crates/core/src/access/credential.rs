//! Finding the one credential of a request.

use super::Denial;

/// The credential in `Authorization: Bearer` or `X-API-Key`.
///
/// Takes every value of each header, so that a header sent twice is seen. One key in both headers is one
/// credential. Two different ones are refused, because a proxy and its upstream could each use a different one.
/// An `Authorization` of another scheme is not a credential for Titan. The upstream gets it.
pub fn bearer_or_header<'a>(
    mut authorization: impl Iterator<Item = &'a [u8]>,
    mut api_key: impl Iterator<Item = &'a [u8]>,
) -> Result<&'a str, Denial> {
    let (bearer, header) = (authorization.next(), api_key.next());
    if authorization.next().is_some() || api_key.next().is_some() {
        return Err(Denial::Conflicting);
    }
    let bearer = bearer.and_then(strip_bearer);
    let credential = match (bearer, header.map(<[u8]>::trim_ascii)) {
        (Some(a), Some(b)) if a != b => return Err(Denial::Conflicting),
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => return Err(Denial::Missing),
    };
    if credential.is_empty() {
        return Err(Denial::Missing);
    }
    std::str::from_utf8(credential).map_err(|_| Denial::Malformed)
}

/// What follows the scheme, which is compared without case (RFC 9110, 11.1).
fn strip_bearer(value: &[u8]) -> Option<&[u8]> {
    let value = value.trim_ascii();
    let (scheme, rest) = value.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return None;
    }
    match rest.first() {
        None => Some(rest),
        Some(b' ' | b'\t') => Some(rest.trim_ascii_start()),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(authorization: &[&'static str], api_key: &[&'static str]) -> Result<&'static str, Denial> {
        bearer_or_header(authorization.iter().map(|v| v.as_bytes()), api_key.iter().map(|v| v.as_bytes()))
    }

    #[test]
    fn a_header_sent_twice_is_refused() {
        assert_eq!(find(&["Bearer a", "Bearer a"], &[]), Err(Denial::Conflicting));
        assert_eq!(find(&[], &["a", "b"]), Err(Denial::Conflicting));
    }

    #[test]
    fn two_credentials_must_agree() {
        assert_eq!(find(&["Bearer a"], &["b"]), Err(Denial::Conflicting));
        assert_eq!(find(&["Bearer a"], &["a"]), Ok("a"));
        assert_eq!(find(&["Basic Zm9v"], &["a"]), Ok("a"));
    }

    #[test]
    fn schemes_are_compared_without_case_and_whole() {
        assert_eq!(find(&["bEARER  a"], &[]), Ok("a"));
        assert_eq!(find(&["Bearera"], &[]), Err(Denial::Missing));
        assert_eq!(find(&["Basic a"], &[]), Err(Denial::Missing));
        assert_eq!(find(&["Bearer"], &[]), Err(Denial::Missing));
        assert_eq!(find(&[], &[""]), Err(Denial::Missing));
    }
}
