//! Files: who may read the database, where it lies, how much room is left, and the certificate.

use super::finding::Finding;
use crate::config::Settings;
use crate::pem::{Pem, certified_key, validity};
use anyhow::Result;
use std::fs::metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use titan_core::time::Timestamp;

/// File systems on which locks may not work between machines (statfs(2)): NFS, SMB, CIFS, SMB2, Ceph, AFS, OCFS2, 9P, FUSE.
const REMOTE: [(u64, &str); 9] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
    (0x7461_636f, "OCFS2"),
    (0x0102_1997, "9P"),
    (0x6573_5546, "FUSE"),
];
/// Room for the log and a few days of changes.
const LITTLE_ROOM: u64 = 1 << 30;
const NO_ROOM: u64 = 100 << 20;
const DAY: i64 = 86_400;
/// Enough time to renew a certificate by hand.
const SOON_DAYS: i64 = 14;

/// The database file and its folder.
pub(super) fn examine(file: &Path) -> Vec<Finding> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.exists() {
        return Vec::new();
    }
    let found = [owner(file), access(folder, file), file_system(folder), Some(room(folder))];
    found.into_iter().flatten().collect()
}

fn owner(file: &Path) -> Option<Finding> {
    let (own, owner) = (rustix::process::geteuid().as_raw(), metadata(file).ok()?.uid());
    if own == owner || own == 0 {
        return None;
    }
    let what = format!("{} belongs to the user {owner}, and this is {own}", file.display());
    let advice = "Run Titan, and this command, as the user to whom the database belongs.";
    Some(Finding::problem("owner", what, advice))
}

/// The file may be readable for all, if nobody gets into its folder.
fn access(folder: &Path, file: &Path) -> Option<Finding> {
    let mode = |path: &Path| metadata(path).map(|metadata| metadata.mode()).ok();
    if mode(folder)? & 0o011 == 0 || mode(file)? & 0o044 == 0 {
        return Some(Finding::ok("access", format!("only its owner can read {}", file.display())));
    }
    let what = format!("other users can read {}", file.display());
    let advice = format!("It has hashes of passwords: chmod 700 {}", folder.display());
    Some(Finding::warning("access", what, advice))
}

fn file_system(folder: &Path) -> Option<Finding> {
    let kind = rustix::fs::statfs(folder).ok()?.f_type;
    // A signed number on most platforms, of which 32 bits count.
    let kind = u64::from_ne_bytes(kind.to_ne_bytes()) & 0xffff_ffff;
    let (_, name) = REMOTE.iter().find(|(number, _)| *number == kind)?;
    let what = format!("{} is on {name}, where SQLite's locks are not safe", folder.display());
    let advice = "Put the database on a disk of this machine, or use PostgreSQL (titan migrate).";
    Some(Finding::problem("file system", what, advice))
}

fn room(folder: &Path) -> Finding {
    let Ok(found) = rustix::fs::statvfs(folder) else {
        let advice = "See whether Titan's user may enter it.";
        return Finding::problem("disk", format!("{} cannot be looked at", folder.display()), advice);
    };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let what = format!("{} MB are free in {}", free >> 20, folder.display());
    let advice = "Make room: on a full disk, no key can be revoked.";
    match free {
        0..NO_ROOM => Finding::problem("disk", what, advice),
        NO_ROOM..LITTLE_ROOM => Finding::warning("disk", what, advice),
        _ => Finding::ok("disk", what),
    }
}

/// The certificate of the ports, if they have one.
pub(super) fn certificate(settings: &Settings, now: Timestamp) -> Option<Finding> {
    let files = settings.tls.as_ref()?;
    let read = || -> Result<_> {
        let (certificate, key) =
            (Pem::read("tls_cert_file", &files.certificate)?, Pem::read("tls_key_file", &files.key)?);
        if let Some(ca) = &files.client_ca {
            Pem::read("admin_client_ca_file", ca)?.roots()?;
        }
        let pair = certified_key(&certificate, &key)?;
        Ok(pair.cert.first().and_then(validity))
    };
    Some(match read() {
        Ok(Some((begin, end))) => period(begin, end, now),
        Ok(None) => Finding::warning("certificate", "its period cannot be read", "Make a new certificate."),
        Err(error) => Finding::problem(
            "certificate",
            format!("{error:#}"),
            "Give Titan the certificate with its chain, and the private key of it, as PEM.",
        ),
    })
}

fn period(begin: Timestamp, end: Timestamp, now: Timestamp) -> Finding {
    let days = (end.secs() - now.secs()).div_euclid(DAY);
    let advice = "Renew it, and send Titan SIGHUP.";
    if now < begin {
        return Finding::problem(
            "certificate",
            format!("is good only from {begin}"),
            "Set the clock, or wait.",
        );
    }
    match days {
        ..0 => Finding::problem("certificate", format!("expired at {end}"), advice),
        0..SOON_DAYS => Finding::warning("certificate", format!("expires in {days} days"), advice),
        _ => Finding::ok("certificate", format!("fits its key, and expires in {days} days")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn a_certificate_is_renewed_in_time() {
        let now = Timestamp::from_secs(1_800_000_000);
        let state =
            |begin: i64, end: i64| period(now.plus_secs(begin * DAY), now.plus_secs(end * DAY), now).state;
        assert_eq!(state(-1, 90), State::Ok);
        assert_eq!(state(-1, 13), State::Warning);
        assert_eq!(state(-2, -1), State::Problem);
        assert_eq!(state(1, 90), State::Problem);
    }
}
