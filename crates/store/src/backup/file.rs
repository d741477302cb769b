//! Files that are whole or not there, for their owner alone.

use super::BackupError;
use crate::with_suffix;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What SQLite keeps beside a file.
pub(super) const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A file that is not complete. It goes when this is dropped.
pub(super) struct Draft {
    path: PathBuf,
    file: File,
}

impl Draft {
    /// An empty file. One that a killed process left is replaced.
    pub(super) fn create(path: PathBuf) -> Result<Self, BackupError> {
        remove_abandoned(&path)?;
        // Never through a link that somebody else put there.
        let file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(io_of(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path, file }),
            Err(TryLockError::WouldBlock) => Err(BackupError::Busy(path)),
            Err(TryLockError::Error(error)) => Err(BackupError::Io(path, error)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Fills it with a copy of another file.
    pub(super) fn copy_of(&mut self, other: &Path) -> Result<(), BackupError> {
        let mut from = File::open(other).map_err(io_of(other))?;
        io::copy(&mut from, &mut self.file).map_err(io_of(&self.path))?;
        Ok(())
    }

    /// Gives it this name, unless a file has it already.
    pub(super) fn publish(self, name: &Path) -> Result<(), BackupError> {
        self.file.sync_all().map_err(io_of(&self.path))?;
        match fs::hard_link(&self.path, name).map_err(|error| (error.kind(), error)) {
            Ok(()) => sync_folder(name),
            Err((ErrorKind::AlreadyExists, _)) => Err(BackupError::FileExists(name.to_owned())),
            // Some file systems have no hard links: those of USB sticks and some networks.
            Err((ErrorKind::PermissionDenied | ErrorKind::Unsupported, _)) => self.publish_unlinked(name),
            Err((_, error)) => Err(BackupError::Io(name.to_owned(), error)),
        }
    }

    fn publish_unlinked(&self, name: &Path) -> Result<(), BackupError> {
        if name.symlink_metadata().is_ok() {
            return Err(BackupError::FileExists(name.to_owned()));
        }
        rename(&self.path, name)
    }

    /// Gives it this name.
    pub(super) fn rename(self, name: &Path) -> Result<(), BackupError> {
        self.file.sync_all().map_err(io_of(&self.path))?;
        rename(&self.path, name)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next attempt.
        let _ = fs::remove_file(&self.path);
        for companion in COMPANIONS {
            let _ = fs::remove_file(with_suffix(&self.path, companion));
        }
    }
}

/// A draft without its process is worth nothing.
fn remove_abandoned(path: &Path) -> Result<(), BackupError> {
    match OpenOptions::new().write(true).open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return remove_companions(path),
        Err(error) => return Err(BackupError::Io(path.to_owned(), error)),
        Ok(file) => match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BackupError::Busy(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(BackupError::Io(path.to_owned(), error)),
        },
    }
    // The log first: alone, it would be applied to the next draft.
    remove_companions(path)?;
    fs::remove_file(path).map_err(io_of(path))
}

fn remove_companions(path: &Path) -> Result<(), BackupError> {
    for companion in COMPANIONS {
        let name = with_suffix(path, companion);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(BackupError::Io(name, error)),
            _ => {}
        }
    }
    Ok(())
}

/// Refuses a part of a database whose newest changes are in another file.
pub(super) fn check_is_closed(path: &Path) -> Result<(), BackupError> {
    if !path.is_file() {
        return Err(BackupError::NoFile(path.to_owned()));
    }
    if is_open(path) {
        return Err(BackupError::NotClosed(path.to_owned(), with_suffix(path, "-wal")));
    }
    Ok(())
}

/// Whether SQLite's log has changes that are not in the file.
pub(crate) fn is_open(path: &Path) -> bool {
    fs::metadata(with_suffix(path, "-wal")).is_ok_and(|log| log.len() > 0)
}

/// Renames a file, and returns when that is durable.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), BackupError> {
    fs::rename(from, to).map_err(io_of(from))?;
    sync_folder(to)
}

/// The folder of a file.
pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync_folder(file: &Path) -> Result<(), BackupError> {
    let folder = folder_of(file);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io_of(folder))
}

pub(super) fn io_of(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    |error| BackupError::Io(path, error)
}
