//! Forms that another site made a browser send: refused.
//!
//! The cookies are `SameSite=Strict` already. Here are two more walls: where the browser says that a request comes from, and a token that
//! only a page of this session has.

use aws_lc_rs::digest::{SHA256, digest};
use base64_simd::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::{HOST, ORIGIN};
use subtle::ConstantTimeEq;

const LABEL: &[u8] = b"titan/v1/console-form:";

/// The token of the forms of a session or of a visit: a hash of its cookie, which no other site can read.
pub(crate) fn token(cookie: &str) -> String {
    let digest = digest(&SHA256, &[LABEL, cookie.as_bytes()].concat());
    URL_SAFE_NO_PAD.encode_to_string(digest.as_ref())
}

/// Whether a form has the token of this cookie.
pub(crate) fn is_token(presented: &str, cookie: &str) -> bool {
    presented.as_bytes().ct_eq(token(cookie).as_bytes()).into()
}

/// Whether the browser says that a page of this host has sent the request. A browser that says nothing is taken at the token.
///
/// `Sec-Fetch-Site` (Fetch Metadata) decides where it is sent: a proxy before Titan may have changed the host.
pub(crate) fn is_from_here(headers: &HeaderMap, authority: Option<&str>) -> bool {
    said(headers, authority).unwrap_or(true)
}

/// The same, if the browser does say it.
pub(crate) fn is_surely_from_here(headers: &HeaderMap, authority: Option<&str>) -> bool {
    said(headers, authority).unwrap_or(false)
}

fn said(headers: &HeaderMap, authority: Option<&str>) -> Option<bool> {
    if let Some(site) = headers.get("sec-fetch-site") {
        return Some(site == "same-origin");
    }
    let origin = headers.get(ORIGIN)?;
    let host = authority.or_else(|| headers.get(HOST)?.to_str().ok());
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    Some(origin.zip(host).is_some_and(|((_, origin), host)| origin.eq_ignore_ascii_case(host)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn is_from_here(headers: &[(&'static str, &'static str)]) -> bool {
        let pairs = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        super::is_from_here(&pairs.collect(), None)
    }

    #[test]
    fn a_token_is_of_one_session() {
        assert!(is_token(&token("a"), "a"));
        assert!(!is_token(&token("a"), "b"));
        assert!(!is_token("", "a") && !is_token(&token("a")[1..], "a"));
    }

    #[test]
    fn other_sites_are_told_apart_by_what_the_browser_says() {
        assert!(is_from_here(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(
                !is_from_here(&[("sec-fetch-site", site), ("origin", "http://a"), ("host", "a")]),
                "{site}"
            );
        }
        assert!(is_from_here(&[("origin", "https://a:1"), ("host", "A:1")]));
        assert!(!is_from_here(&[("origin", "https://b"), ("host", "a")]));
        assert!(!is_from_here(&[("origin", "null"), ("host", "null")]));
        assert!(!is_from_here(&[("origin", "https://a")]));
        assert!(is_from_here(&[("host", "a")]));
    }
}
