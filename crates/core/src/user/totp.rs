//! Codes of authenticator apps: TOTP (RFC 6238) with HMAC-SHA-1, 6 digits and steps of 30 seconds. That is the one
//! setting that all apps support; some ignore another and then show wrong codes.
//!
//! SHA-1 is broken where collisions count. Here they do not (RFC 4226, B.2).

use super::Email;
use crate::entropy::{Entropy, random};
use crate::time::Timestamp;
use aws_lc_rs::hmac;
use subtle::{ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

/// Seconds of a step (RFC 6238, 5.2).
const STEP_SECS: i64 = 30;
const DIGITS: usize = 6;
/// RFC 4648, 6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What an authenticator app and Titan share: 160 random bits (RFC 4226, 4, R6).
pub struct TotpSecret(Zeroizing<[u8; 20]>);

impl TotpSecret {
    /// A new one.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self::new(random(entropy))
    }

    /// Takes over the bytes that were stored.
    pub fn new(bytes: [u8; 20]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for sealing.
    pub fn expose(&self) -> &[u8; 20] {
        &self.0
    }

    /// The text that a person types into an app: base32 (RFC 4648, 6), 32 characters, which need no padding.
    pub fn to_base32(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(32));
        for five in self.0.chunks_exact(5) {
            let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            text.extend((0..8).rev().map(|place| {
                let symbol = (bits >> (5 * place)).to_le_bytes()[0] & 31;
                char::from(BASE32[usize::from(symbol)])
            }));
        }
        text
    }

    /// The address that an app reads from a QR code, as defined in Google Authenticator's "Key Uri Format".
    pub fn uri(&self, issuer: &str, account: &Email) -> Zeroizing<String> {
        let (issuer, account) = (percent_encoded(issuer), percent_encoded(account.as_str()));
        let secret = self.to_base32();
        // In one allocation, which is wiped: a text that grows leaves copies behind.
        let mut uri = Zeroizing::new(String::with_capacity(128 + 2 * issuer.len() + account.len()));
        uri.extend(["otpauth://totp/", &issuer, ":", &account, "?secret=", &secret, "&issuer=", &issuer]);
        uri.push_str("&algorithm=SHA1&digits=6&period=30");
        uri
    }

    /// The step that this code belongs to: the current one, or the one before or after it, for a clock that is wrong and
    /// a person who types slowly (RFC 6238, 5.2). Never one up to `last_used`, so that a code is good once; whoever calls
    /// stores what is returned.
    ///
    /// The time that this takes does not depend on the code.
    pub fn check(&self, code: &str, now: Timestamp, last_used: Option<i64>) -> Option<i64> {
        let code = number(code)?;
        let current = now.secs().div_euclid(STEP_SECS);
        let first = last_used.map_or(i64::MIN, |step| step.saturating_add(1)).max(current - 1);
        let found = (first..=current + 1).fold(i64::MIN, |found, step| {
            i64::conditional_select(&found, &step, self.code(step).ct_eq(&code))
        });
        Some(found).filter(|step| *step >= first)
    }

    /// The code of a step (RFC 4226, 5.3).
    fn code(&self, step: i64) -> u32 {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.expose());
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let offset = usize::from(tag.as_ref()[19] & 15);
        let word = tag.as_ref()[offset..].iter().take(4).fold(0, |word, byte| word << 8 | u32::from(*byte));
        (word & 0x7fff_ffff) % 1_000_000
    }
}

/// Six digits; apps show them in two groups.
fn number(code: &str) -> Option<u32> {
    let mut digits = code.chars().filter(|c| *c != ' ');
    let first = digits
        .by_ref()
        .take(DIGITS)
        .try_fold((0, 0), |(number, count), c| Some((number * 10 + c.to_digit(10)?, count + 1)));
    first.filter(|(_, count)| *count == DIGITS && digits.next().is_none()).map(|(number, _)| number)
}

/// All but the unreserved characters (RFC 3986, 2.3).
fn percent_encoded(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encoded = |byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encoded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The secret of both RFCs.
    fn secret() -> TotpSecret {
        TotpSecret::new(*b"12345678901234567890")
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    #[test]
    fn codes_are_those_of_rfc_4226_appendix_d() {
        let codes =
            [755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489];
        for (step, code) in (0..).zip(codes) {
            assert_eq!(secret().code(step), code, "{step}");
        }
    }

    /// The RFC prints eight digits: ours are the last six of them.
    #[test]
    fn codes_are_those_of_rfc_6238_appendix_b() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret().check(code, at(seconds), None), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn one_step_before_and_one_after_are_accepted_and_no_more() {
        let now = at(1_234_567_890);
        let current = 1_234_567_890 / 30;
        for (distance, good) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let code = format!("{:06}", secret().code(current + distance));
            let expected = good.then_some(current + distance);
            assert_eq!(secret().check(&code, now, None), expected, "{distance}");
        }
    }

    #[test]
    fn a_code_is_good_once() {
        let now = at(1_234_567_890);
        let current = 1_234_567_890 / 30;
        let code = |step| format!("{:06}", secret().code(step));
        assert_eq!(secret().check(&code(current), now, Some(current)), None, "again");
        assert_eq!(secret().check(&code(current - 1), now, Some(current)), None, "an older one after it");
        assert_eq!(secret().check(&code(current + 1), now, Some(current)), Some(current + 1));
        assert_eq!(secret().check(&code(current), now, Some(current - 1)), Some(current));
        assert_eq!(secret().check(&code(current + 1), now, Some(current + 1)), None);
        assert_eq!(secret().check(&code(current), now, Some(current + 100)), None, "the clock was set back");
        assert_eq!(secret().check(&code(current), now, Some(i64::MAX)), None);
    }

    #[test]
    fn codes_are_read_as_apps_show_them() {
        let check = |code| secret().check(code, at(1_234_567_890), None).is_some();
        assert!(check("005924") && check("005 924") && check(" 005924 "));
        for bad in
            ["", "5924", "05924", "0005924", "00592４", "+05924", "-05924", "0x5924", "005925", "005924x"]
        {
            assert!(!check(bad), "{bad}");
        }
    }

    #[test]
    fn an_app_can_read_the_secret() {
        assert_eq!(secret().to_base32().as_str(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let uri = secret().uri("Acme: R&D", &Email::parse("ada+1@example.org").unwrap());
        let expected = "otpauth://totp/Acme%3A%20R%26D:ada%2B1%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
                        &issuer=Acme%3A%20R%26D&algorithm=SHA1&digits=6&period=30";
        assert_eq!(uri.as_str(), expected);
    }

    proptest! {
        #[test]
        fn no_step_is_used_twice(times in proptest::collection::vec(0_i64..200, 1..40), lag in -2_i64..3) {
            let mut used = Vec::new();
            for seconds in times {
                let step = (1_000_000 + seconds) / 30 + lag;
                let code = format!("{:06}", secret().code(step));
                if let Some(step) = secret().check(&code, at(1_000_000 + seconds), used.last().copied()) {
                    prop_assert!(used.iter().all(|earlier| *earlier < step));
                    used.push(step);
                }
            }
        }

        #[test]
        fn the_address_fits_into_one_allocation(issuer in "\\PC{0,30}") {
            let uri = secret().uri(&issuer, &Email::parse("a@b.c").unwrap());
            prop_assert!(uri.len() <= 128 + 2 * percent_encoded(&issuer).len() + 9);
            prop_assert!(uri.bytes().all(|c| c.is_ascii_graphic()));
        }
    }
}
