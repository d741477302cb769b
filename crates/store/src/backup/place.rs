//! The place of an SQLite database: what stands there goes aside, and the restored one takes it.
//!
//! A process can be killed between any two steps. Before the restored file has its second name, the old database is as it
//! was. From then on, nothing starts on the place until a restore has come to its end (`sqlite::lock`).

use super::BackupError;
use super::file::{Draft, rename};
use crate::sqlite::{RESTORED, real, take};
use crate::with_suffix;
use std::fs::File;
use std::path::{Path, PathBuf};
use titan_core::time::Timestamp;

/// The place, taken for this process.
pub(super) struct Place {
    path: PathBuf,
    /// Titan does not start on this database meanwhile.
    _lock: File,
}

impl Place {
    pub(super) fn take(path: &Path, backup: &Path, replace: bool) -> Result<Self, BackupError> {
        let path = real(path)?;
        if backup.canonicalize().is_ok_and(|backup| backup == path) {
            return Err(BackupError::Same(path));
        }
        let lock = take(&path)?;
        if path.exists() && !replace {
            return Err(BackupError::TargetExists(path));
        }
        Ok(Self { path, _lock: lock })
    }

    /// A file for the copy, on the same file system.
    pub(super) fn draft(&self) -> Result<Draft, BackupError> {
        Draft::create(with_suffix(&self.path, ".restoring"))
    }

    /// Puts the restored database there. Returns where the old one is now, if there was one.
    pub(super) fn put(&self, draft: Draft, now: Timestamp) -> Result<Option<PathBuf>, BackupError> {
        let ready = with_suffix(&self.path, RESTORED);
        draft.rename(&ready)?;
        let kept = with_suffix(&self.path, &format!(".before-{}", now.ms()));
        let had_one = self.path.exists();
        // The log first: SQLite would apply it to whatever database is there. Also one that an interrupted restore left.
        for companion in ["-wal", "-shm", ""] {
            let old = with_suffix(&self.path, companion);
            if old.exists() {
                rename(&old, &with_suffix(&kept, companion))?;
            }
        }
        rename(&ready, &self.path)?;
        Ok(had_one.then_some(kept))
    }
}
