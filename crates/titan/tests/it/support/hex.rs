//! Bytes and hashes in hexadecimal digits.

use aws_lc_rs::digest::{SHA256, digest};

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As a row of an import has it.
pub(crate) fn sha256(key: &str) -> String {
    hex(digest(&SHA256, key.as_bytes()).as_ref())
}
