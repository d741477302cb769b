//! TLS to upstreams: which CAs Titan trusts, and which client certificate it sends.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// The TLS settings of an `https://` upstream.
#[derive(Default)]
pub struct TlsSettings {
    /// The CAs that Titan trusts for it, in PEM. None: the CAs that the platform trusts.
    pub ca: Option<Vec<u8>>,
    /// The client certificate that Titan sends.
    pub identity: Option<ClientIdentity>,
}

/// A certificate and its key.
pub struct ClientIdentity {
    /// The certificate, followed by those that lead to its CA, in PEM.
    pub certificates: Vec<u8>,
    /// Its private key, in PEM.
    pub key: Vec<u8>,
}

impl TlsSettings {
    pub(super) fn is_empty(&self) -> bool {
        self.ca.is_none() && self.identity.is_none()
    }
}

/// Makes a TLS stream from a TCP stream. Titan offers only HTTP/1.1; rustls checks the name.
pub(super) fn connector(settings: &TlsSettings) -> Result<TlsConnector, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?.with_root_certificates(roots(settings)?);
    let mut config = match &settings.identity {
        Some(identity) => {
            let key = PrivateKeyDer::from_pem_slice(&identity.key);
            let key = key.map_err(|error| format!("client key: {error}"))?;
            let chain = certificates("client certificate", &identity.certificates)?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| format!("client certificate: {error}"))?
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn roots(settings: &TlsSettings) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = &settings.ca {
        for certificate in certificates("CA", pem)? {
            roots.add(certificate).map_err(|error| format!("CA: {error}"))?;
        }
        return Ok(roots);
    }
    let platform = rustls_native_certs::load_native_certs();
    // The store of a platform may contain certificates that rustls cannot parse. They are ignored.
    let (added, _) = roots.add_parsable_certificates(platform.certs);
    if added == 0 {
        return Err("this machine has no trusted CAs; install ca-certificates, or name a CA file".to_owned());
    }
    Ok(roots)
}

/// All certificates of a PEM text; at least one.
fn certificates(what: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = certificates.map_err(|error| format!("{what}: {error}"))?;
    if certificates.is_empty() {
        return Err(format!("{what}: holds no certificate in PEM"));
    }
    Ok(certificates)
}
