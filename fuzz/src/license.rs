//! Licenses.

use std::sync::LazyLock;
use titan_core::license::License;
use titan_token::{LicenseKey, UntrustedLicense};

/// Another key than that of the vectors: no text is signed by it.
static KEY: LazyLock<LicenseKey> = LazyLock::new(|| LicenseKey::from_seed(&[9; 32]));

/// Any text: nobody has signed it. Its claims in a license that is signed are read as they were without one.
pub fn license(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let read = |text: &str| UntrustedLicense::parse(text).ok();
    assert!(read(text).is_none_or(|license| license.verify(&KEY.public()).is_err()));
    let claims = read(text).map_or(text.to_owned(), |license| license.unverified_claims().to_owned());
    let signed = read(&KEY.sign(&claims)).filter(|license| license.unverified_claims() == claims);
    // A text that is too long for a license is the only one that does not come back.
    let Some(license) = signed else {
        assert!(claims.len() > 11_000, "{} bytes", claims.len());
        return;
    };
    assert!(license.verify(&KEY.public()).is_ok_and(|license| license.claims() == claims));
    if let Ok(license) = License::parse(&claims) {
        assert!(license.ends_at() >= license.expires_at);
    }
}
