//! Proxies whose `X-Forwarded-*` Titan trusts.

use ipnet::IpNet;
use std::net::IpAddr;

/// Ranges of addresses. An IPv4 address that is mapped into IPv6 counts as an IPv4 address.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Each text is an address, or a range in CIDR notation (RFC 4632) without bits behind its prefix.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, String> {
        texts.iter().map(|text| range(text.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    /// Whether this address is in one of the ranges.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|range| range.contains(&address))
    }
}

fn range(text: &str) -> Result<IpNet, String> {
    let range = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address.to_canonical()),
        Err(_) => text
            .parse()
            .map_err(|_| format!("`{text}` is neither an address nor a range such as 10.0.0.0/8"))?,
    };
    if range.addr() != range.network() {
        // Only the operator knows which of the two was meant.
        let (whole, one) = (range.trunc(), range.addr());
        return Err(format!(
            "`{text}` has bits behind its prefix: write {whole} for the range, {one} for one"
        ));
    }
    let is_mapped = matches!(range, IpNet::V6(v6) if v6.addr().to_ipv4_mapped().is_some());
    if is_mapped {
        return Err(format!("`{text}` is a range of mapped IPv4 addresses: write it as an IPv4 range"));
    }
    Ok(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(texts: &[&str], address: &str) -> bool {
        TrustedProxies::parse(texts).unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn addresses_and_ranges_of_both_versions_are_found() {
        let texts = ["10.0.0.2", "192.168.0.0/16", "2001:db8::/32", "::1"];
        for inside in ["10.0.0.2", "192.168.255.255", "2001:db8:ffff::1", "::1", "::ffff:192.168.3.4"] {
            assert!(contains(&texts, inside), "{inside}");
        }
        for outside in ["10.0.0.3", "192.169.0.0", "2001:db9::", "::2", "::ffff:10.0.0.3"] {
            assert!(!contains(&texts, outside), "{outside}");
        }
        assert!(!contains(&[], "127.0.0.1"));
        assert!(contains(&["::ffff:10.0.0.2"], "10.0.0.2"), "a mapped address is an IPv4 address");
        assert!(contains(&["0.0.0.0/0"], "8.8.8.8") && !contains(&["0.0.0.0/0"], "2001:db8::1"));
    }

    #[test]
    fn mistakes_say_what_would_be_right() {
        let error = |text: &str| TrustedProxies::parse(&[text]).unwrap_err();
        assert_eq!(
            error("10.1.2.3/8"),
            "`10.1.2.3/8` has bits behind its prefix: write 10.0.0.0/8 for the range, 10.1.2.3 for one"
        );
        assert!(error("2001:db8::1/64").contains("write 2001:db8::/64 for the range, 2001:db8::1 for one"));
        assert!(error("::ffff:10.0.0.0/104").contains("write it as an IPv4 range"));
        for text in ["", "10.0.0", "10.0.0.0/33", "10.0.0.0/-1", "proxy.example", "::/129", "10.0.0.0/8/8"] {
            assert!(error(text).contains("neither an address nor a range"), "{text}");
        }
    }
}
