//! Hashes of passwords: Argon2id (RFC 9106), stored as a PHC string.
//!
//! Hashing and verifying take some 50 ms of a core and 19 MiB by design: do few at a time, and not where requests wait.

use super::PlainPassword;
use crate::entropy::{Entropy, random};
use crate::error::Error;
use argon2::password_hash::phc::{self, Output, Salt};
use argon2::password_hash::{self, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

/// The memory that a hash takes, in KiB: 19 MiB. With two passes and one lane, the second of five settings that cost an
/// attacker the same (OWASP, Password Storage Cheat Sheet).
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Bytes of a salt and of a hash (RFC 9106, 4).
const SALT: usize = 16;
const OUTPUT: usize = 32;

/// The most that verifying a stored hash may cost: 256 MiB of memory, and 1 GiB over all passes, 27 times as much as
/// ours. A row that asks for more was not written by a Titan, and would be a way to stop one.
const MAX_MEMORY: u32 = 256 * 1024;
const MAX_WORK: u64 = 1024 * 1024;
const MAX_LANES: u32 = 16;

/// Argon2id, version 1.3 (0x13), with the parameters above.
fn argon2() -> Argon2<'static> {
    let parameters = Params::new(MEMORY, PASSES, 1, Some(OUTPUT)).unwrap_or(Params::DEFAULT);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
}

/// A password that may be stored: the rules accepted it, or it is the one whose hash is stored.
pub struct ApprovedPassword(PlainPassword);

impl ApprovedPassword {
    pub(super) fn new(password: PlainPassword) -> Self {
        Self(password)
    }

    /// Its hash, with a new salt. 503 where there is no memory for it.
    pub fn hash(&self, entropy: &dyn Entropy) -> Result<PasswordHash, Error> {
        let salt = random::<SALT>(entropy);
        let hashed = argon2().hash_password_with_salt(self.0.expose(), &salt);
        hashed.map(PasswordHash).map_err(Error::not_ready)
    }
}

/// The hash of a password, with its salt and its parameters: the only thing of a password that may be stored.
pub struct PasswordHash(phc::PasswordHash);

impl PasswordHash {
    /// Reads a PHC string that is stored. `None`: it is corrupt. It is not Argon2id 1.3, or half of its hash is missing, or
    /// it costs more than this program would ever have asked for.
    pub fn from_phc(text: &str) -> Option<Self> {
        let phc = phc::PasswordHash::new(text).ok()?;
        let parameters = Params::try_from(&phc).ok()?;
        let is_complete =
            phc.salt.is_some() && phc.hash.as_ref().is_some_and(|hash| hash.len() >= OUTPUT / 2);
        let is_argon2id = phc.algorithm.as_str() == "argon2id" && phc.version == Some(Version::V0x13.into());
        (is_complete && is_argon2id && is_bearable(&parameters)).then_some(Self(phc))
    }

    /// A hash of no password, that takes as long to verify as one that was made today. A sign-in for an unknown user,
    /// or for one without a password, verifies it: otherwise the time would say who is known.
    pub fn dummy() -> Self {
        let phc = phc::PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: argon2().params().try_into().unwrap_or_default(),
            salt: Salt::new(&[0; SALT]).ok(),
            hash: Output::new(&[0; OUTPUT]).ok(),
        };
        Self(phc)
    }

    /// As a PHC string, to be stored.
    pub fn to_phc(&self) -> String {
        self.0.to_string()
    }

    /// The password, if it is the one that was hashed. The comparison takes constant time. 503 where there is no memory
    /// for it.
    pub fn verify(&self, password: PlainPassword) -> Result<Option<ApprovedPassword>, Error> {
        match argon2().verify_password(password.expose(), &self.0) {
            Ok(()) => Ok(Some(ApprovedPassword(password))),
            Err(password_hash::Error::PasswordInvalid) => Ok(None),
            Err(error) => Err(Error::not_ready(error)),
        }
    }

    /// Whether it is cheaper to attack than one that would be made today: after a sign-in, the password can be hashed
    /// again.
    pub fn needs_rehash(&self) -> bool {
        let is_salt_short = self.0.salt.as_ref().is_none_or(|salt| salt.len() < SALT);
        Params::try_from(&self.0).map_or(true, |parameters| is_salt_short || is_weaker(&parameters))
    }
}

fn is_bearable(parameters: &Params) -> bool {
    let work = u64::from(parameters.m_cost()) * u64::from(parameters.t_cost());
    parameters.m_cost() <= MAX_MEMORY && work <= MAX_WORK && parameters.p_cost() <= MAX_LANES
}

fn is_weaker(parameters: &Params) -> bool {
    parameters.m_cost() < MEMORY || parameters.t_cost() < PASSES || parameters.output_len() < Some(OUTPUT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::{Email, Factors};
    use std::sync::atomic::{AtomicU8, Ordering};

    /// Each byte is the one before it and one more: no two salts are the same.
    #[derive(Default)]
    struct Counter(AtomicU8);

    impl Entropy for Counter {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    fn plain(text: &str) -> PlainPassword {
        PlainPassword::new(text.to_owned()).unwrap()
    }

    fn approved(text: &str) -> ApprovedPassword {
        plain(text).approve(Factors::Password, &Email::parse("a@b.c").unwrap()).ok().unwrap()
    }

    fn is_right(hash: &PasswordHash, text: &str) -> bool {
        hash.verify(plain(text)).unwrap().is_some()
    }

    #[test]
    fn a_hash_is_a_phc_string_and_knows_its_password() {
        let entropy = Counter::default();
        let password = approved("quiet lamppost river");
        let hash = password.hash(&entropy).unwrap();
        let text = hash.to_phc();
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$"), "{text}");
        let read = PasswordHash::from_phc(&text).unwrap();
        assert_eq!(read.to_phc(), text);
        assert!(is_right(&read, "quiet lamppost river") && !read.needs_rehash());
        assert!(!is_right(&read, "quiet lamppost rivers") && !is_right(&read, "Quiet lamppost river"));
        assert_ne!(password.hash(&entropy).unwrap().to_phc(), text, "another salt, another hash");
    }

    /// Typed with a combining accent here and with a letter of its own there.
    #[test]
    fn each_keyboard_gives_the_same_password() {
        let hash = approved("cafe\u{301} by the quiet river").hash(&Counter::default()).unwrap();
        assert!(is_right(&hash, "caf\u{e9} by the quiet river"));
    }

    /// From the tests of the reference implementation (phc-winner-argon2, src/test.c), version 0x13.
    #[test]
    fn hashes_of_the_reference_implementation_are_read() {
        for (weak, phc) in [
            (true, "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"),
            (true, "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"),
            (true, "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"),
        ] {
            let hash = PasswordHash::from_phc(phc).unwrap();
            assert!(is_right(&hash, "password") && !is_right(&hash, "passwore"), "{phc}");
            assert_eq!(hash.needs_rehash(), weak, "{phc}");
        }
    }

    #[test]
    fn only_a_weaker_hash_is_made_again() {
        let tail = "AAECAwQFBgcICQoLDA0ODw$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        for (weak, parameters) in [
            (false, "m=19456,t=2,p=1"),
            (false, "m=65536,t=3,p=4"),
            (true, "m=19455,t=2,p=1"),
            (true, "m=65536,t=1,p=1"),
        ] {
            let hash = PasswordHash::from_phc(&format!("$argon2id$v=19${parameters}${tail}")).unwrap();
            assert_eq!(hash.needs_rehash(), weak, "{parameters}");
        }
    }

    #[test]
    fn what_this_program_cannot_have_written_is_corrupt_and_never_run() {
        let salt = "AAECAwQFBgcICQoLDA0ODw";
        let output = "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        let with = |head: &str| format!("{head}${salt}${output}");
        for phc in [
            with("$argon2id$v=19$m=67108864,t=2,p=1"),
            with("$argon2id$v=19$m=262145,t=1,p=1"),
            with("$argon2id$v=19$m=19456,t=4294967295,p=1"),
            with("$argon2id$v=19$m=262144,t=5,p=1"),
            with("$argon2id$v=19$m=19456,t=2,p=17"),
            with("$argon2id$v=19$m=19456,t=2,p=16777215"),
            with("$argon2id$v=19$m=4294967296,t=2,p=1"),
            with("$argon2id$v=19$m=19456,t=0,p=1"),
            with("$argon2id$v=19$m=7,t=2,p=1"),
            with("$argon2id$v=16$m=19456,t=2,p=1"),
            with("$argon2id$m=19456,t=2,p=1"),
            with("$argon2i$v=19$m=19456,t=2,p=1"),
            with("$argon2d$v=19$m=19456,t=2,p=1"),
            with("$2b$v=19$m=19456,t=2,p=1"),
            format!("$argon2id$v=19$m=19456,t=2,p=1${salt}"),
            format!("$argon2id$v=19$m=19456,t=2,p=1$AAEC${output}"),
            format!("$argon2id$v=19$m=19456,t=2,p=1${salt}$AAECAwQFBgcICQoLDA0O"),
            format!("{}$", with("$argon2id$v=19$m=19456,t=2,p=1")),
            "password".to_owned(),
            String::new(),
        ] {
            assert!(PasswordHash::from_phc(&phc).is_none(), "{phc}");
        }
    }

    /// As long as a hash of today: the same parameters, and lengths that do not end the verification early.
    #[test]
    fn the_dummy_costs_what_a_hash_of_today_costs_and_knows_no_password() {
        let dummy = PasswordHash::dummy();
        let today = approved("quiet lamppost river").hash(&Counter::default()).unwrap();
        assert_eq!(dummy.0.params, today.0.params);
        assert_eq!((dummy.0.algorithm, dummy.0.version), (today.0.algorithm, today.0.version));
        assert_eq!(dummy.to_phc().len(), today.to_phc().len());
        assert!(!PasswordHash::from_phc(&dummy.to_phc()).unwrap().needs_rehash());
        assert!(!is_right(&dummy, "") && !is_right(&dummy, "quiet lamppost river"));
    }
}
