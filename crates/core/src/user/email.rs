//! E-mail addresses, by which people sign in.
//!
//! Only what a person can mean is accepted, not all of RFC 5322: no quoted local part, no comment, and ASCII. So no two
//! addresses look the same, no upper case becomes an unrelated letter in lower case, and no character needs to be quoted
//! in a header. A domain with other letters can be written in its `xn--` form (RFC 5890, 2.3.2.1).

use crate::error::Error;
use std::fmt;

/// 254 octets is the longest path of RFC 5321 (4.5.3.1.3) without its angle brackets.
const LENGTHS: std::ops::RangeInclusive<usize> = 3..=254;
/// Where one of these stands in a local part, it must be quoted (RFC 5322, 3.2.3). `.` and `@` are the others.
const QUOTED: &str = "()<>[]:;,\\\"";

/// An e-mail address as its owner writes it, but for its domain, which is in lower case.
///
/// Addresses that differ only in case are equal: most servers deliver both to one person, and nobody must pass for
/// another by a capital letter.
#[derive(Clone, Debug)]
pub struct Email {
    address: String,
    at: usize,
}

impl Email {
    /// Reads an address: 400 if it is none.
    pub fn parse(text: &str) -> Result<Self, Error> {
        check_characters(text)?;
        let one = text.split_once('@').filter(|(_, domain)| !domain.contains('@'));
        let parts = one.filter(|(local, domain)| !local.is_empty() && !domain.is_empty());
        let (local, domain) = parts.ok_or(Error::invalid("email: must have the form name@domain"))?;
        Ok(Self { at: local.len(), address: format!("{local}@{}", domain.to_ascii_lowercase()) })
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.address
    }

    /// What stands before the `@`.
    pub fn local_part(&self) -> &str {
        &self.address[..self.at]
    }

    /// The form by which it is found: all of it in lower case. At most one user can have it.
    pub fn lookup_form(&self) -> String {
        self.address.to_ascii_lowercase()
    }
}

fn check_characters(text: &str) -> Result<(), Error> {
    if !LENGTHS.contains(&text.len()) {
        return Err(Error::invalid("email: must have 3 to 254 characters"));
    }
    if !text.is_ascii() {
        return Err(Error::invalid("email: must be ASCII; a domain can be written in its xn-- form"));
    }
    if !text.bytes().all(|c| c.is_ascii_graphic()) || text.contains(|c| QUOTED.contains(c)) {
        return Err(Error::invalid(format!(
            "email: must not contain spaces, control characters, or {QUOTED}"
        )));
    }
    Ok(())
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.address.eq_ignore_ascii_case(&other.address)
    }
}

impl Eq for Email {}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_people_write_is_kept_but_for_the_case_of_the_domain() {
        let email = Email::parse("Ada.Lovelace+keys@Example.ORG").unwrap();
        assert_eq!(email.to_string(), "Ada.Lovelace+keys@example.org");
        assert_eq!(email.lookup_form(), "ada.lovelace+keys@example.org");
        assert_eq!(email.local_part(), "Ada.Lovelace+keys");
        assert_eq!(email, Email::parse("ada.lovelace+KEYS@example.org").unwrap());
        assert_ne!(email, Email::parse("ada.lovelace@example.org").unwrap());
        for good in ["a@b", "o'neil@x.org", "root@localhost", "a.b+c_d-e@xn--bcher-kva.example"] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.org", "a".repeat(243));
        for bad in [
            "",
            "@",
            "a@",
            "@b",
            "a",
            "ab@",
            "a@b@c",
            "a b@c",
            "a@b\n",
            "a@b\r\nBcc: c@d",
            "a\0@b",
            "\u{7f}@b",
            "a@b ",
            "<a@b>",
            "a,b@c",
            "a;b@c",
            "\"a b\"@c",
            "a:b@c",
            &long,
        ] {
            let error = Email::parse(bad).unwrap_err();
            assert!(error.message().starts_with("email: "), "{bad:?}");
        }
        assert!(Email::parse(&long[1..]).is_ok(), "254 are accepted");
    }

    /// The Kelvin sign and the dotless i become other letters' lower or upper case: with them, one person could ask for
    /// the account of another.
    #[test]
    fn no_letter_passes_for_another() {
        for bad in [
            "mi\u{212a}e@example.org",
            "m\u{131}ke@example.org",
            "mike@ex\u{430}mple.org",
            "m\u{fc}ller@x.org",
        ] {
            assert!(Email::parse(bad).unwrap_err().message().contains("ASCII"), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn an_address_is_read_again_as_itself(text in "\\PC{0,20}@?\\PC{0,20}") {
            if let Ok(email) = Email::parse(&text) {
                let again = Email::parse(email.as_str()).unwrap();
                prop_assert_eq!(again.as_str(), email.as_str());
                prop_assert_eq!(Email::parse(&email.lookup_form()).unwrap(), email);
            }
        }
    }
}
