//! Notices that the files of certificates have changed.

use super::{Tls, TlsFiles};
use crate::pem::Pem;
use anyhow::Result;
use aws_lc_rs::digest::{Context, SHA256};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// How often the files are read. They are small, so Titan compares their content. This finds every kind of change: a
/// symlink that leads to another file, a file that was replaced, and a file that was overwritten.
const PERIOD: Duration = Duration::from_secs(2);

/// The content of the files.
pub(super) struct Contents {
    pub(super) certificate: Pem,
    pub(super) key: Pem,
    pub(super) client_ca: Option<Pem>,
}

pub(super) type Digest = Vec<u8>;

/// Which content was tried last, and which content was seen since.
pub(super) struct Seen {
    tried: Digest,
    /// Seen once since then, and not tried yet: certificate and key may be written one after the other.
    changed: Option<Digest>,
}

impl Contents {
    pub(super) fn read(files: &TlsFiles) -> Result<Self> {
        let client_ca = files.client_ca.as_deref();
        Ok(Self {
            certificate: Pem::read("tls_cert_file", &files.certificate)?,
            key: Pem::read("tls_key_file", &files.key)?,
            client_ca: client_ca.map(|path| Pem::read("admin_client_ca_file", path)).transpose()?,
        })
    }

    pub(super) fn digest(&self) -> Digest {
        let files = [Some(&self.certificate), Some(&self.key), self.client_ca.as_ref()];
        let mut digest = Context::new(&SHA256);
        for file in files.into_iter().flatten() {
            digest.update(&file.bytes().len().to_be_bytes());
            digest.update(file.bytes());
        }
        digest.finish().as_ref().to_vec()
    }
}

/// A digest of what was read, or of why nothing was read. So a missing file is logged only once.
pub(super) fn digest(contents: &Result<Contents>) -> Digest {
    contents.as_ref().map_or_else(|error| format!("{error:#}").into_bytes(), Contents::digest)
}

impl Seen {
    pub(super) fn new(tried: Digest) -> Self {
        Self { tried, changed: None }
    }

    /// This content was tried, valid or not.
    pub(super) fn tried(&mut self, digest: Digest) {
        *self = Self::new(digest);
    }

    /// Whether this content is new and has not changed since the last check.
    fn is_due(&mut self, digest: Digest) -> bool {
        if digest == self.tried {
            self.changed = None;
            return false;
        }
        let stands_still = self.changed.as_ref() == Some(&digest);
        self.changed = Some(digest);
        stands_still
    }
}

impl Tls {
    /// Reloads the files when they have changed.
    pub(in super::super) async fn follow(self: Arc<Self>) {
        loop {
            tokio::time::sleep(PERIOD).await;
            let tls = Arc::clone(&self);
            // Reading may wait for a disk or for the network.
            if tokio::task::spawn_blocking(move || tls.look()).await.is_err() {
                return;
            }
        }
    }

    fn look(&self) {
        let digest = digest(&Contents::read(&self.files));
        let is_due = self.seen.lock().unwrap_or_else(PoisonError::into_inner).is_due(digest);
        if is_due {
            self.reload();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_when_they_have_changed_and_stand_still() {
        let digest = |text: &str| text.as_bytes().to_vec();
        let mut seen = Seen::new(digest("old"));
        assert!(!seen.is_due(digest("old")));
        assert!(!seen.is_due(digest("half")) && !seen.is_due(digest("new")), "it may still be written");
        assert!(seen.is_due(digest("new")));
        seen.tried(digest("new"));
        assert!(!seen.is_due(digest("new")), "good or not, it is tried once");
        assert!(!seen.is_due(digest("old")) && seen.is_due(digest("old")), "back to the old is a change");
    }
}
