//! From where a key is used, shortened: enough to see that it is another network or another program, and no more.

use http::HeaderValue;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How much of a `User-Agent` is kept.
const LENGTH: usize = 64;

/// The beginning of a `User-Agent`, as it was sent. It is a copy, because the header's value would keep all headers of its request
/// in memory.
#[derive(Clone, Copy)]
pub(crate) struct Agent {
    bytes: [u8; LENGTH],
    length: usize,
}

impl Agent {
    pub(crate) fn new(value: Option<&HeaderValue>) -> Self {
        let value = value.map_or(&b""[..], HeaderValue::as_bytes);
        let length = value.len().min(LENGTH);
        let mut bytes = [0; LENGTH];
        bytes[..length].copy_from_slice(&value[..length]);
        Self { bytes, length }
    }

    /// Its visible characters; others are question marks.
    pub(super) fn text(&self) -> String {
        let visible = |byte: &u8| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '?' };
        self.bytes[..self.length].iter().map(visible).collect()
    }
}

/// The network of an address: /24 of IPv4, /48 of IPv6.
pub(super) fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => format!("{}/24", Ipv4Addr::from_bits(v4.to_bits() & 0xffff_ff00)),
        IpAddr::V6(v6) => format!("{}/48", Ipv6Addr::from_bits(v6.to_bits() >> 80 << 80)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shortened_to_its_network() {
        for (address, shown) in [
            ("203.0.113.77", "203.0.113.0/24"),
            ("::ffff:203.0.113.77", "203.0.113.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
            ("::1", "::/48"),
        ] {
            assert_eq!(network(address.parse().unwrap()), shown);
        }
    }

    #[test]
    fn a_user_agent_is_cut_and_only_visible_characters_are_kept() {
        let text = |bytes: &[u8]| Agent::new(Some(&HeaderValue::from_bytes(bytes).unwrap())).text();
        assert_eq!(text(b"curl/8.5.0"), "curl/8.5.0");
        assert_eq!(text(b"a\tb\xc3\xa4 c"), "a?b?? c");
        assert_eq!(text(&[b'x'; 5000]), "x".repeat(64));
        assert_eq!(Agent::new(None).text(), "");
    }
}
