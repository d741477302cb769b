//! The configuration of rustls.

use super::follow::Contents;
use crate::pem::{certified_key, provider, validity};
use crate::system::SystemClock;
use anyhow::Result;
use rustls::pki_types::CertificateDer;
use rustls::server::{WantsServerCert, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ConfigBuilder, ServerConfig};
use std::sync::Arc;
use titan_core::time::{Clock, Timestamp};

/// The configurations of the two ports. They are replaced together. No session of an old one can be resumed, so after a
/// client CA is removed, its clients cannot connect.
pub(super) struct Configs {
    pub(super) public: Arc<ServerConfig>,
    pub(super) control: Arc<ServerConfig>,
}

impl Configs {
    pub(super) fn new(contents: &Contents) -> Result<Self> {
        let pair = Arc::new(certified_key(&contents.certificate, &contents.key)?);
        if let Some(certificate) = pair.cert.first() {
            warn_of_expiry(certificate, SystemClock.now());
        }
        let identity = Arc::new(SingleCertAndKey::from(pair));
        let finish = |builder: ConfigBuilder<ServerConfig, WantsServerCert>| {
            let mut config = builder.with_cert_resolver(Arc::<SingleCertAndKey>::clone(&identity));
            config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
            Arc::new(config)
        };
        let builder =
            || ServerConfig::builder_with_provider(provider()).with_protocol_versions(&[&TLS13, &TLS12]);
        let public = finish(builder()?.with_no_client_auth());
        let control = match &contents.client_ca {
            Some(ca) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(ca.roots()?.into(), provider());
                finish(builder()?.with_client_cert_verifier(verifier.build()?))
            }
            None => Arc::clone(&public),
        };
        Ok(Self { public, control })
    }
}

/// Titan uses an expired certificate in spite of the warning: some clients may accept it, and refusing to start would
/// help none.
fn warn_of_expiry(certificate: &CertificateDer<'_>, now: Timestamp) {
    let Some((begin, end)) = validity(certificate) else { return };
    if end < now {
        tracing::warn!(expired = %end, "tls_cert_file: the certificate has expired; clients will refuse it");
    } else if now < begin {
        tracing::warn!(valid_from = %begin, "tls_cert_file: the certificate is not valid yet; clients will refuse it");
    }
}
