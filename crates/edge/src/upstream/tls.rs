//! TLS to upstreams: which CAs Titan trusts, and which client certificate it sends.

use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// The TLS settings of an `https://` upstream.
#[derive(Default)]
pub struct TlsSettings {
    /// The CAs that Titan trusts for it. None: the CAs that the platform trusts.
    pub ca: Option<RootCertStore>,
    /// The client certificate that Titan sends, and its key.
    pub identity: Option<Arc<CertifiedKey>>,
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
    let roots = settings.ca.clone().map_or_else(of_platform, Ok)?;
    let builder = builder.map_err(|error| error.to_string())?.with_root_certificates(roots);
    let mut config = match &settings.identity {
        Some(identity) => {
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(identity))))
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn of_platform() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let platform = rustls_native_certs::load_native_certs();
    // The store of a platform may contain certificates that rustls cannot parse. They are ignored.
    let (added, _) = roots.add_parsable_certificates(platform.certs);
    if added == 0 {
        return Err("this machine has no trusted CAs; install ca-certificates, or name a CA file".to_owned());
    }
    Ok(roots)
}
