//! Backups, and how one becomes a database again: `docs/backup.md`.
//!
//! A backup is one SQLite file, whichever engine the database has. Nobody sees it before it is whole.

mod error;
mod file;
mod look;
mod place;
mod restore;
mod write;

pub use error::BackupError;
pub(crate) use file::is_open;
pub use look::Contents;
pub(crate) use look::check_pages;
pub use restore::{Restore, Restored};

use crate::{Location, Progress, with_suffix};
use file::Draft;
use std::path::Path;

/// Writes a backup of a database that may be in use. An existing file is never replaced.
pub async fn back_up(
    from: &Location,
    to: &Path,
    tell: &mut dyn FnMut(Progress),
) -> Result<Contents, BackupError> {
    if to.symlink_metadata().is_ok() {
        return Err(BackupError::FileExists(to.to_owned()));
    }
    let draft = Draft::create(with_suffix(to, ".new"))?;
    write::write(from, draft.path(), tell).await?;
    let contents = look::look(draft.path()).await?;
    draft.publish(to)?;
    Ok(contents)
}

/// What is in a backup, without changing it. It must not be damaged.
pub async fn look_into(backup: &Path) -> Result<Contents, BackupError> {
    file::check_is_closed(backup)?;
    look::look(backup).await
}
