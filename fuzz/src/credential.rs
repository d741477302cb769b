//! The one credential of a request.

use titan_core::access::{Denial, bearer_or_header};

/// Lines: `a` and a value of `Authorization`, or another first byte and a value of `X-API-Key`.
///
/// A credential is found only if nothing in the two headers could be read as another one.
pub fn credential(data: &[u8]) {
    let (authorization, api_key) = headers(data);
    let found = bearer_or_header(authorization.iter().copied(), api_key.iter().copied());
    let offered: Vec<&[u8]> = authorization
        .iter()
        .filter_map(|value| bearer(value))
        .chain(api_key.iter().map(|value| value.trim_ascii()))
        .collect();
    let is_repeated = authorization.len() > 1 || api_key.len() > 1;
    let is_in_dispute = is_repeated || offered.windows(2).any(|pair| pair[0] != pair[1]);
    assert_eq!(found == Err(Denial::Conflicting), is_in_dispute);
    let one = offered.first().filter(|value| !is_in_dispute && !value.is_empty());
    assert_eq!(found.ok(), one.and_then(|value| str::from_utf8(value).ok()));
}

/// The values of the two headers.
fn headers(data: &[u8]) -> (Vec<&[u8]>, Vec<&[u8]>) {
    let (mut authorization, mut api_key) = (Vec::new(), Vec::new());
    for line in data.split(|c| *c == b'\n') {
        match line.split_first() {
            Some((b'a', value)) => authorization.push(value),
            Some((_, value)) => api_key.push(value),
            None => {}
        }
    }
    (authorization, api_key)
}

/// RFC 6750, 2.1, read a second time: the first word is the scheme.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let value = value.trim_ascii();
    let end = value.iter().position(|c| matches!(c, b' ' | b'\t')).unwrap_or(value.len());
    let (scheme, rest) = value.split_at(end);
    scheme.eq_ignore_ascii_case(b"bearer").then(|| rest.trim_ascii())
}
