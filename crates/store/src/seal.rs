//! Secrets at rest: AES-256-GCM under a key that is not in the database, bound to their place.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64_simd::STANDARD;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use titan_core::entropy::{Entropy, random};
use zeroize::Zeroizing;

/// The first byte of what is sealed, so that another way of sealing can be told apart later.
const VERSION: u8 = 1;
/// The length of a fingerprint.
pub(crate) const FINGERPRINT: usize = 16;
/// What a fingerprint is the MAC of.
const LABEL: &[u8] = b"titan seal key fingerprint v1";

/// A key that seals.
pub struct SealKey {
    key: LessSafeKey,
    fingerprint: [u8; FINGERPRINT],
}

/// Why there is no seal key.
#[derive(Debug)]
pub enum SealError {
    /// Not 32 bytes in base64.
    Format,
    /// The file cannot be read or made.
    Io(std::io::Error),
    /// There is a database, but not the key that it was made with.
    Missing,
    /// Others may read the file.
    Permissions,
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format => {
                f.write_str("must be 32 bytes in base64 (create one with: openssl rand -base64 32)")
            }
            Self::Io(error) => write!(f, "{error}"),
            Self::Missing => f.write_str("is missing; the database needs the key with which it was created"),
            Self::Permissions => f.write_str("other users can read it; use chmod 600"),
        }
    }
}

impl std::error::Error for SealError {}

/// Makes a file that its owner alone may read, whole or not at all: a crash leaves no half of a secret behind.
/// One that is there already is an error.
pub fn make_secret_file(path: &Path, secret: &[u8]) -> std::io::Result<()> {
    let draft = crate::with_suffix(path, ".new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(secret)?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    linked
}

/// Where a sealed value stands. A value moved to another place does not open.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'static str,
    pub(crate) column: &'a str,
    pub(crate) row: &'a [u8],
}

impl<'a> Place<'a> {
    /// Where the secret of a slot's signing key is, in both engines.
    pub(crate) fn of_signing_key(slot: &'a [u8; 1]) -> Self {
        Self { table: "signing_key", column: "secret", row: slot }
    }

    /// Where the secret of a user's second factor is, in both engines.
    pub(crate) fn of_second_factor(user: &'a [u8]) -> Self {
        Self { table: "second_factor", column: "secret", row: user }
    }
}

impl Place<'_> {
    /// Each part with its length, so that no two places look the same.
    fn to_aad(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in [self.table.as_bytes(), self.column.as_bytes(), self.row] {
            bytes.extend(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            bytes.extend(part);
        }
        bytes
    }
}

impl SealKey {
    /// From 32 bytes in base64.
    pub fn from_base64(text: &str) -> Result<Self, SealError> {
        let bytes = STANDARD.decode_to_vec(text.trim()).map(Zeroizing::new).map_err(|_| SealError::Format)?;
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| SealError::Format)?;
        Ok(Self { key: LessSafeKey::new(key), fingerprint: fingerprint(&bytes)? })
    }

    /// From a file that the operator provides: who may read it is the operator's business.
    pub fn from_file(path: &Path) -> Result<Self, SealError> {
        Self::from_base64(&Zeroizing::new(std::fs::read_to_string(path).map_err(SealError::Io)?))
    }

    /// From the file beside the database, which its owner alone may read. `may_make`: makes it if it is not
    /// there. That is right only where there is no database yet: a new key cannot open an old one's secrets.
    pub fn beside(path: &Path, may_make: bool, entropy: &dyn Entropy) -> Result<Self, SealError> {
        match fs::read_to_string(path) {
            Ok(text) => {
                let mode = fs::metadata(path).map_err(SealError::Io)?.permissions().mode();
                if mode & 0o077 != 0 {
                    return Err(SealError::Permissions);
                }
                Self::from_base64(&Zeroizing::new(text))
            }
            Err(error) if error.kind() == ErrorKind::NotFound && may_make => Self::make(path, entropy),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(SealError::Missing),
            Err(error) => Err(SealError::Io(error)),
        }
    }

    fn make(path: &Path, entropy: &dyn Entropy) -> Result<Self, SealError> {
        let secret = Zeroizing::new(random::<32>(entropy));
        let text = Zeroizing::new(STANDARD.encode_to_string(*secret));
        make_secret_file(path, text.as_bytes()).map_err(SealError::Io)?;
        Self::from_base64(&text)
    }

    /// Names the key without saying anything of it: whoever sees it learns only whether two keys are the same.
    pub(crate) fn fingerprint(&self) -> &[u8; FINGERPRINT] {
        &self.fingerprint
    }

    /// Version, nonce, ciphertext and tag. The nonce is random: 96 bits are enough for the few values that
    /// are ever sealed (NIST SP 800-38D, 8.3, allows 2^32).
    pub(crate) fn seal(&self, place: Place<'_>, secret: &[u8], entropy: &dyn Entropy) -> Option<Vec<u8>> {
        let nonce = random::<NONCE_LEN>(entropy);
        let mut text = secret.to_vec();
        let aad = Aad::from(place.to_aad());
        self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut text).ok()?;
        let mut sealed = vec![VERSION];
        sealed.extend(nonce);
        sealed.extend(text);
        Some(sealed)
    }

    /// `None` if it is not what this key sealed for this place.
    pub(crate) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (&[VERSION], rest) = sealed.split_first_chunk()? else { return None };
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>()?;
        let mut text = Zeroizing::new(text.to_vec());
        let aad = Aad::from(place.to_aad());
        let length = self.key.open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

fn fingerprint(key: &[u8]) -> Result<[u8; FINGERPRINT], SealError> {
    let tag = hmac::sign(&hmac::Key::new(HMAC_SHA256, key), LABEL);
    tag.as_ref().first_chunk().copied().ok_or(SealError::Format)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(std::sync::atomic::AtomicU8);
    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        }
    }

    fn place(row: &[u8]) -> Place<'_> {
        Place { table: "signing_key", column: "secret", row }
    }

    #[test]
    fn what_is_sealed_opens_only_in_its_place_and_with_its_key() {
        let entropy = Counting(0.into());
        let key = SealKey::from_base64(&STANDARD.encode_to_string([1; 32])).unwrap();
        let other = SealKey::from_base64(&STANDARD.encode_to_string([2; 32])).unwrap();
        let sealed = key.seal(place(&[3]), b"secret", &entropy).unwrap();
        assert_eq!(key.open(place(&[3]), &sealed).unwrap().as_slice(), b"secret");
        assert!(key.open(place(&[4]), &sealed).is_none());
        assert!(other.open(place(&[3]), &sealed).is_none());
        for end in 0..sealed.len() {
            assert!(key.open(place(&[3]), &sealed[..end]).is_none());
        }
        for byte in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[byte] ^= 1;
            assert!(key.open(place(&[3]), &bent).is_none());
        }
    }

    /// It is in databases: another one would lock all instances out.
    #[test]
    fn a_fingerprint_stays_what_it_is() {
        let key = |byte| SealKey::from_base64(&STANDARD.encode_to_string([byte; 32])).unwrap();
        let hex = |key: &SealKey| hex_simd::encode_to_string(key.fingerprint(), hex_simd::AsciiCase::Lower);
        assert_eq!(hex(&key(1)), "96645496e9fe568e8d23cfa7fb0976a7");
        assert_ne!(key(1).fingerprint(), key(2).fingerprint());
    }

    #[test]
    fn a_key_file_is_made_once_and_kept_private() {
        let entropy = Counting(9.into());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seal");
        assert!(matches!(SealKey::beside(&path, false, &entropy), Err(SealError::Missing)));
        assert!(SealKey::beside(&path, true, &entropy).is_ok());
        assert!(SealKey::beside(&path, false, &entropy).is_ok());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(SealKey::beside(&path, false, &entropy), Err(SealError::Permissions)));
        assert!(SealKey::from_file(&path).is_ok(), "a mounted secret may have any mode");
        fs::write(&path, "short").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(SealKey::beside(&path, false, &entropy), Err(SealError::Format)));
    }
}
