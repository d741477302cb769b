//! Recovery codes: ten of them, each good once, for somebody who lost the authenticator app.
//!
//! A code has 50 random bits. Stored is its HMAC-SHA-256 under the TOTP secret of the same user. A plain SHA-256 would
//! not do: whoever reads the database could try all 2^50 codes in some hours on rented graphics cards. The TOTP secret is
//! sealed with a key that is not in the database, so nothing can be tried without that key; and who has that key has the
//! TOTP secret, and needs no recovery code. Argon2id would do as well, but costs ten hashes at each enrolment.
//!
//! So a new TOTP secret makes the old codes worthless, and comes with new ones.

use super::TotpSecret;
use crate::entropy::{Entropy, random};
use aws_lc_rs::hmac;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

/// Crockford's base32 in lower case: without `i`, `l`, `o` and `u`.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 10;
/// TOTP codes use the same secret with another hash: the label keeps any other use apart.
const LABEL: &[u8] = b"titan/v1/recovery-code";

/// A recovery code. Shown once, when it is made.
pub struct RecoveryCode(Zeroizing<[u8; LENGTH]>);

impl RecoveryCode {
    /// The codes that one user gets at a time.
    pub fn generate(entropy: &dyn Entropy) -> [Self; 10] {
        std::array::from_fn(|_| {
            // 256 is a multiple of 32: each symbol is as likely as the others.
            let symbols = Zeroizing::new(random::<LENGTH>(entropy));
            Self(Zeroizing::new(symbols.map(|byte| ALPHABET[usize::from(byte & 31)])))
        })
    }

    /// Reads what a person typed: any case, with or without hyphen and spaces, `o` for 0, and `i` or `l` for 1.
    pub fn parse(text: &str) -> Option<Self> {
        let mut symbols = Zeroizing::new([0; LENGTH]);
        let mut places = symbols.iter_mut();
        for symbol in text.bytes().filter(|c| !b" -".contains(c)) {
            *places.next()? = canonical(symbol)?;
        }
        if places.next().is_some() { None } else { Some(Self(symbols)) }
    }

    /// As it is shown: `xxxxx-xxxxx`.
    pub fn expose(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(LENGTH + 1));
        let (first, second) = self.0.split_at(LENGTH / 2);
        text.extend(first.iter().chain(b"-").chain(second).copied().map(char::from));
        text
    }

    /// What is stored of it.
    pub fn hash(&self, secret: &TotpSecret) -> RecoveryHash {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose());
        let mut context = hmac::Context::with_key(&key);
        context.update(LABEL);
        context.update(&*self.0);
        let mut hash = [0; 32];
        hash.copy_from_slice(context.sign().as_ref());
        RecoveryHash(hash)
    }
}

fn canonical(symbol: u8) -> Option<u8> {
    let symbol = match symbol.to_ascii_lowercase() {
        b'o' => b'0',
        b'i' | b'l' => b'1',
        other => other,
    };
    ALPHABET.contains(&symbol).then_some(symbol)
}

/// What is stored of a recovery code.
pub struct RecoveryHash([u8; 32]);

impl RecoveryHash {
    /// Takes over the bytes that were stored.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the database.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are of one code. Constant time.
    pub fn matches(&self, other: &Self) -> bool {
        Choice::into(self.0.ct_eq(&other.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    /// All bytes in turn.
    struct Counter(std::sync::atomic::AtomicU8);

    impl Entropy for Counter {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill_with(|| self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        }
    }

    fn secret(byte: u8) -> TotpSecret {
        TotpSecret::new([byte; 20])
    }

    #[test]
    fn ten_codes_are_shown_in_two_groups() {
        let codes = RecoveryCode::generate(&Counter(0.into())).map(|code| code.expose().to_string());
        assert_eq!(codes[0], "01234-56789");
        assert_eq!(codes[1], "abcde-fghjk");
        assert_eq!(codes[3], "yz012-34567");
        let letters: HashSet<char> = codes.iter().flat_map(|code| code.chars()).collect();
        assert_eq!(letters.len(), 33, "all symbols occur, and the hyphen");
    }

    #[test]
    fn what_a_person_types_is_read() {
        let typed = |text: &str| RecoveryCode::parse(text).map(|code| code.expose().to_string());
        let code = Some("0123a-1bc0d".to_owned());
        for text in
            ["0123a-1bc0d", "0123a1bc0d", "0123A-1BC0D", "  0123a 1bc0d ", "o123a-lbcOd", "0i23a - Ibc0d"]
        {
            assert_eq!(typed(text), code, "{text}");
        }
        for text in ["", "-", "0123a-1bc0", "0123a-1bc0d0", "0123a-1bc0u", "0123a_1bc0d", "0123a-1bc0\u{660}"]
        {
            assert_eq!(typed(text), None, "{text}");
        }
    }

    #[test]
    fn a_hash_belongs_to_one_code_and_one_secret() {
        let [first, second, ..] = RecoveryCode::generate(&Counter(0.into()));
        let hash = first.hash(&secret(1));
        let stored = RecoveryHash::new(*hash.as_bytes());
        assert!(stored.matches(&RecoveryCode::parse("OI234 56789").unwrap().hash(&secret(1))));
        assert!(!stored.matches(&second.hash(&secret(1))));
        assert!(!stored.matches(&first.hash(&secret(2))));
    }

    /// By Python: `hmac.new(bytes([1] * 20), b"titan/v1/recovery-code" + b"0123456789", "sha256").hexdigest()`.
    #[test]
    fn the_hash_is_an_hmac_of_label_and_code() {
        let hash = RecoveryCode::parse("01234-56789").unwrap().hash(&secret(1));
        let hex: String = hash.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "e95ba231a1e2754c3575dd83650828b0ec5393fe6a0280e2acbfba0c201e1d19");
    }

    proptest! {
        #[test]
        fn any_text_is_a_code_or_none(text in "\\PC{0,20}") {
            if let Some(code) = RecoveryCode::parse(&text) {
                prop_assert_eq!(RecoveryCode::parse(&code.expose()).unwrap().expose(), code.expose());
            }
        }
    }
}
