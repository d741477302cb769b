//! A backup becomes a database again, and brings nothing back that was revoked.

use super::file::{Draft, check_is_closed, io_of};
use super::look::{check, look, unreadable};
use super::place::Place;
use super::{BackupError, Contents};
use crate::Location;
use crate::error::ConnectError;
use crate::moving::{Progress, move_database};
use crate::sqlite::{Ended, check_seal, end_credentials, migrator, pool, settle};
use crate::vault::{SealKeys, Vault};
use sqlx::SqlitePool;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use titan_core::entropy::{Entropy, random};
use titan_core::time::Timestamp;

/// What shall be restored.
pub struct Restore<'a> {
    /// The backup. It is only read.
    pub backup: &'a Path,
    /// Where to.
    pub target: &'a Location,
    /// The seal keys: one of them is that of the installation that was backed up, at that time.
    pub seal: SealKeys,
    /// Whether a database that is there goes aside.
    pub replaces: bool,
    /// The time of the restore.
    pub now: Timestamp,
}

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    /// What is in the new database.
    pub contents: Contents,
    /// What does not work any more.
    pub ended: Ended,
    /// Where the old database is now, if there was one.
    pub kept: Option<PathBuf>,
}

impl Restore<'_> {
    /// Restores. `tell` hears of the progress.
    pub async fn run(
        self,
        entropy: Arc<dyn Entropy>,
        tell: &mut dyn FnMut(Progress),
    ) -> Result<Restored, BackupError> {
        check_is_closed(self.backup)?;
        match self.target.clone() {
            Location::Postgres(_) if self.replaces => Err(BackupError::ReplacesPostgres),
            Location::Postgres(_) => self.into_postgres(entropy, tell).await,
            Location::Sqlite(path) => self.into_sqlite(&path, entropy).await,
        }
    }

    async fn into_sqlite(self, path: &Path, entropy: Arc<dyn Entropy>) -> Result<Restored, BackupError> {
        let (backup, now) = (self.backup, self.now);
        let place = Place::take(path, backup, self.replaces)?;
        let mut draft = place.draft()?;
        draft.copy_of(backup)?;
        let ended = prepare(draft.path(), backup, Vault::new(self.seal, entropy), now).await?;
        let contents = look(draft.path()).await?;
        let kept = place.put(draft, now)?;
        Ok(Restored { contents, ended, kept })
    }

    /// By a file of its own, which then moves as an installation does.
    async fn into_postgres(
        self,
        entropy: Arc<dyn Entropy>,
        tell: &mut dyn FnMut(Progress),
    ) -> Result<Restored, BackupError> {
        let folder = Folder::create(&*entropy)?;
        let mut draft = Draft::create(folder.0.join("titan.db"))?;
        draft.copy_of(self.backup)?;
        let path = draft.path().to_owned();
        let ended =
            prepare(&path, self.backup, Vault::new(self.seal, Arc::clone(&entropy)), self.now).await?;
        let contents = look(&path).await?;
        let moved = move_database(&Location::Sqlite(path), self.target, self.now, &*entropy, tell).await;
        moved.map_err(BackupError::Move)?;
        Ok(Restored { contents, ended, kept: None })
    }
}

/// Checks the copy, brings it up to date, and ends all credentials in it.
async fn prepare(draft: &Path, backup: &Path, vault: Vault, now: Timestamp) -> Result<Ended, BackupError> {
    // Whatever is wrong with the copy is wrong with the backup, and that is the name which the operator knows.
    look(draft).await.map_err(|error| named(error, backup))?;
    let pool = pool(draft, 1, false).await?;
    let ended = change(&pool, backup, vault, now).await;
    // Writes the log into the file, so that the file alone is the database.
    pool.close().await;
    let ended = ended?;
    // That can fail without an error. The file alone would then be the backup, in which everything still works.
    check_is_closed(draft)?;
    Ok(ended)
}

async fn change(
    pool: &SqlitePool,
    backup: &Path,
    vault: Vault,
    now: Timestamp,
) -> Result<Ended, BackupError> {
    let mut connection = pool.acquire().await.map_err(|error| unreadable(backup, error))?;
    check(&mut connection, backup, "PRAGMA integrity_check(1)").await?;
    drop(connection);
    migrator().run(pool).await.map_err(ConnectError::from)?;
    check_seal(pool, &vault).await?;
    let mut connection = pool.acquire().await.map_err(|error| unreadable(backup, error))?;
    settle(&mut connection, &vault).await?;
    drop(connection);
    Ok(end_credentials(pool.clone(), vault, now).await?)
}

fn named(error: BackupError, backup: &Path) -> BackupError {
    match error {
        BackupError::Damaged(_, what) => BackupError::Damaged(backup.to_owned(), what),
        BackupError::NotTitan(_) => BackupError::NotTitan(backup.to_owned()),
        other => other,
    }
}

/// A folder that its owner alone can enter. It goes when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn create(entropy: &dyn Entropy) -> Result<Self, BackupError> {
        let name = format!("titan-restore-{:016x}", u64::from_be_bytes(random(entropy)));
        let path = std::env::temp_dir().join(name);
        DirBuilder::new().mode(0o700).create(&path).map_err(io_of(&path))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // There is nobody to tell, and what stays is for its owner alone.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
