//! Where a page comes from.

use std::fmt;

/// An origin as browsers send it in `Origin` (RFC 6454, 6.2; Fetch standard, 3.2): scheme, host, and a port that is not the usual one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WebOrigin(Box<str>);

impl WebOrigin {
    const LONGEST: usize = 255;

    /// Reads what people write: capital letters and the usual port are left out. `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let (scheme, authority) = text.split_once("://")?;
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_lowercase())
            && scheme.bytes().all(|c| c.is_ascii_alphanumeric() || b"+-.".contains(&c));
        let (host, port) = split_port(authority)?;
        let host = canonical_host(host)?;
        let is_usual = matches!((scheme, port), ("http", Some("80")) | ("https", Some("443")));
        let text = match port.filter(|_| !is_usual) {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        };
        (is_scheme && text.len() <= Self::LONGEST).then(|| Self(text.into()))
    }

    /// As a browser sends it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Host and port; an IPv6 address is in brackets.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let end = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let rest = authority.get(end..)?;
    let Some((before, port)) = rest.split_once(':') else { return Some((authority, None)) };
    let host = authority.get(..end + before.len())?;
    let is_port = port.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == port);
    is_port.then_some((host, Some(port)))
}

/// As browsers write it: an IPv6 address has one spelling (RFC 5952).
fn canonical_host(host: &str) -> Option<String> {
    let inside = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Some(address) = inside {
        return address.parse::<std::net::Ipv6Addr>().ok().map(|address| format!("[{address}]"));
    }
    let is_name = !host.is_empty() && host.bytes().all(|c| c.is_ascii_alphanumeric() || b"-._".contains(&c));
    is_name.then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_as_browsers_send_them() {
        for (text, origin) in [
            ("https://shop.example", "https://shop.example"),
            ("HTTPS://Shop.Example:443", "https://shop.example"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("chrome-extension://abcdefgh", "chrome-extension://abcdefgh"),
        ] {
            assert_eq!(WebOrigin::parse(text).unwrap().as_str(), origin, "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_origins() {
        for text in [
            "",
            "*",
            "null",
            "shop.example",
            "https://",
            "https://shop.example/",
            "https://shop.example/a",
            "https://a@shop.example",
            "https://shop.example?x",
            "https://shop example",
            "https://shop.example:0",
            "https://shop.example:080",
            "https://shop.example:65536",
            "https://*.example",
            "https://b\u{fc}cher.example",
            "://a",
            "1a://b",
            "https://[::1",
            "https://::1",
            "https://a:1:2",
            "https://a\n",
        ] {
            assert_eq!(WebOrigin::parse(text), None, "{text}");
        }
        assert_eq!(WebOrigin::parse(&format!("https://{}", "a".repeat(248))), None);
    }
}
