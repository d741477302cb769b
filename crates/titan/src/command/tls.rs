//! TLS to a running Titan: who is trusted, and who the command is.

use crate::pem::{Pem, certified_key, provider};
use anyhow::{Result, bail};
use clap::Args;
use rustls::{AlertDescription, CertificateError, Error as TlsError, InvalidMessage};
use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

#[derive(Args)]
pub(super) struct TlsOptions {
    /// Trust the CAs in this PEM file, too, beside those of this machine
    #[arg(long, global = true, env = "TITAN_CA_FILE", value_name = "FILE", display_order = 102)]
    ca: Option<PathBuf>,
    /// The certificate of this client: a PEM file, for a control port that asks for one
    #[arg(long, global = true, env = "TITAN_CLIENT_CERT_FILE", value_name = "FILE", display_order = 103)]
    client_cert: Option<PathBuf>,
    /// The key of the client's certificate: a PEM file
    #[arg(long, global = true, env = "TITAN_CLIENT_KEY_FILE", value_name = "FILE", display_order = 104)]
    client_key: Option<PathBuf>,
}

impl TlsOptions {
    pub(super) fn config(&self) -> Result<TlsConfig> {
        let roots = RootCerts::Specific(Arc::new(self.roots()?));
        let config = TlsConfig::builder().unversioned_rustls_crypto_provider(provider()).root_certs(roots);
        Ok(config.client_cert(self.client_certificate()?).build())
    }

    fn roots(&self) -> Result<Vec<Certificate<'static>>> {
        // What cannot be read of the platform's store is not trusted, and an answer will say which CA is missing.
        let mut roots = rustls_native_certs::load_native_certs().certs;
        if let Some(path) = self.ca.as_deref().filter(|path| !path.as_os_str().is_empty()) {
            roots.extend(Pem::read("--ca", path)?.certificates()?);
        }
        Ok(roots.iter().map(|der| Certificate::from_der(der).to_owned()).collect())
    }

    fn client_certificate(&self) -> Result<Option<ClientCert>> {
        let is_set = |path: &&PathBuf| !path.as_os_str().is_empty();
        let (certificate, key) =
            match (self.client_cert.as_ref().filter(is_set), self.client_key.as_ref().filter(is_set)) {
                (None, None) => return Ok(None),
                (Some(certificate), Some(key)) => (certificate, key),
                _ => bail!("--client-cert, --client-key: go together"),
            };
        let (certificate, key) = (Pem::read("--client-cert", certificate)?, Pem::read("--client-key", key)?);
        certified_key(&certificate, &key)?;
        let chain: Vec<_> =
            certificate.certificates()?.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
        let key = PrivateKey::from_pem(key.bytes())?;
        Ok(Some(ClientCert::new_with_certs(&chain, key)))
    }
}

/// What went wrong with TLS and what to do, if that is what went wrong. Then nothing was asked.
pub(super) fn advice(error: &ureq::Error) -> Option<String> {
    match tls_error(error)? {
        TlsError::InvalidCertificate(error) => Some(certificate_advice(error)),
        TlsError::AlertReceived(AlertDescription::CertificateRequired) => {
            Some("it asks for a client certificate: give one by --client-cert and --client-key".to_owned())
        }
        TlsError::AlertReceived(
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::DecryptError,
        ) => Some("it does not accept the client certificate of --client-cert".to_owned()),
        TlsError::InvalidMessage(InvalidMessage::InvalidContentType) => {
            Some("it speaks no TLS: use http:// in TITAN_URL or --url".to_owned())
        }
        _ => None,
    }
}

fn certificate_advice(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => "its certificate is from a CA that this machine does not trust: \
                                            give that CA's certificate by --ca FILE or TITAN_CA_FILE"
            .to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => format!(
            "its certificate is for {}, not for {}: ask it by a name of its certificate (TITAN_URL, --url)",
            presented.join(", "),
            expected.to_str()
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired: renew the file that tls_cert_file names".to_owned()
        }
        error => format!("its certificate is not good: {error}"),
    }
}

fn tls_error(error: &ureq::Error) -> Option<&TlsError> {
    match error {
        ureq::Error::Rustls(error) => Some(error),
        ureq::Error::Io(error) => in_io(error),
        _ => None,
    }
}

/// An I/O error keeps what it was made from apart from its sources.
fn in_io(error: &io::Error) -> Option<&TlsError> {
    let inner: &(dyn StdError + 'static) = error.get_ref()?;
    inner.downcast_ref().or_else(|| inner.downcast_ref().and_then(in_io))
}
