//! Certificates and keys from PEM files (RFC 7468). Errors name the option, the file, and what would be right.

use anyhow::{Context, Result, anyhow, bail};
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use titan_core::time::Timestamp;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::time::Time;
use zeroize::Zeroizing;

/// A file that an option names, and what was in it.
pub(crate) struct Pem {
    option: &'static str,
    path: PathBuf,
    bytes: Zeroizing<Vec<u8>>,
}

/// The one cryptography that is here.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(default_provider())
}

impl Pem {
    pub(crate) fn read(option: &'static str, path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("{option}: {}", path.display()))?;
        Ok(Self { option, path: path.to_owned(), bytes: Zeroizing::new(bytes) })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The certificates, in their order: at least one.
    pub(crate) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>> {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.bytes).collect();
        let certificates = read.map_err(|error| self.wrong(&format!("is no PEM: {error}")))?;
        if certificates.is_empty() {
            return Err(self.wrong("holds no certificate (-----BEGIN CERTIFICATE-----)"));
        }
        Ok(certificates)
    }

    /// The certificates as CAs to trust.
    pub(crate) fn roots(&self) -> Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        for certificate in self.certificates()? {
            let added = roots.add(certificate);
            added.map_err(|error| self.wrong(&format!("holds a CA that cannot be read: {error}")))?;
        }
        Ok(roots)
    }

    /// The first private key.
    pub(crate) fn private_key(&self) -> Result<PrivateKeyDer<'static>> {
        if self.holds(b"BEGIN ENCRYPTED PRIVATE KEY") || self.holds(b"Proc-Type: 4,ENCRYPTED") {
            return Err(self.wrong("is encrypted: give the key without a passphrase (openssl pkey -in FILE)"));
        }
        // Nothing of the key may get into the text, so the reason does not go on.
        PrivateKeyDer::from_pem_slice(&self.bytes)
            .map_err(|_| self.wrong("holds no private key (-----BEGIN PRIVATE KEY-----)"))
    }

    fn holds(&self, text: &[u8]) -> bool {
        self.bytes.windows(text.len()).any(|window| window == text)
    }

    pub(crate) fn wrong(&self, what: &str) -> anyhow::Error {
        anyhow!("{}: {} {what}", self.option, self.path.display())
    }
}

/// A certificate and its key, which belong together.
pub(crate) fn certified_key(certificate: &Pem, key: &Pem) -> Result<CertifiedKey> {
    let chain = certificate.certificates()?;
    let signer = provider().key_provider.load_private_key(key.private_key()?).map_err(|_| {
        key.wrong(
            "holds a key of a kind that is not supported: use ECDSA, Ed25519, or RSA of 2048 bits or more",
        )
    })?;
    let pair = CertifiedKey::new(chain, signer);
    match pair.keys_match() {
        Ok(()) => Ok(pair),
        Err(rustls::Error::InconsistentKeys(_)) => {
            bail!(key.wrong(&format!("is not the key of the certificate in {}", certificate.path.display())))
        }
        Err(error) => bail!(certificate.wrong(&format!("holds a certificate that cannot be read: {error}"))),
    }
}

/// From when to when a certificate is good.
pub(crate) fn validity(certificate: &CertificateDer<'_>) -> Option<(Timestamp, Timestamp)> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let validity = certificate.tbs_certificate().validity();
    let time = |time: Time| {
        Timestamp::from_secs(i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX))
    };
    Some((time(validity.not_before), time(validity.not_after)))
}
