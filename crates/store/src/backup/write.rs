//! Writes the rows of a database that is in use into a file.

use super::BackupError;
use super::look::unreadable;
use crate::moving::{Progress, Step, copy_out};
use crate::sqlite::{BUSY, failed, migrator, real, refuse_restoring};
use crate::{ConnectError, Location};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection, query, query_scalar};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;
use tokio::time::interval;

/// How often the progress is told.
const LOOK: Duration = Duration::from_millis(200);

/// Fills an empty file.
pub(super) async fn write(
    from: &Location,
    file: &Path,
    tell: &mut dyn FnMut(Progress),
) -> Result<(), BackupError> {
    match from {
        Location::Postgres(url) => Ok(copy_out(url, file, tell).await?),
        Location::Sqlite(path) => {
            // Its log may be elsewhere, and with it what was revoked last.
            refuse_restoring(&real(path)?)?;
            if !path.is_file() {
                return Err(BackupError::NoFile(path.clone()));
            }
            copy_sqlite(path, file, tell).await
        }
    }
}

/// SQLite reads the database as of one moment, and writers go on meanwhile.
async fn copy_sqlite(path: &Path, file: &Path, tell: &mut dyn FnMut(Progress)) -> Result<(), BackupError> {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY);
    let mut connection = options.connect().await.map_err(|error| unreadable(path, error))?;
    check_version(&mut connection, path).await?;
    let bytes: i64 = query_scalar("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        .fetch_one(&mut connection)
        .await
        .map_err(failed)?;
    vacuum_into(&mut connection, file, &mut || tell(progress(file, bytes.unsigned_abs()))).await?;
    connection.close().await.map_err(failed)?;
    Ok(())
}

async fn vacuum_into(
    connection: &mut SqliteConnection,
    file: &Path,
    look: &mut dyn FnMut(),
) -> Result<(), BackupError> {
    let name =
        file.to_str().ok_or_else(|| BackupError::Io(file.to_owned(), ErrorKind::InvalidFilename.into()))?;
    let vacuum = query("VACUUM INTO ?").bind(name).execute(connection);
    tokio::pin!(vacuum);
    let mut looks = interval(LOOK);
    loop {
        tokio::select! {
            done = &mut vacuum => return done.map(|_| ()).map_err(|error| failed(error).into()),
            _ = looks.tick() => look(),
        }
    }
}

/// The newest tables that this program knows, or older ones: it does not change them.
async fn check_version(connection: &mut SqliteConnection, path: &Path) -> Result<(), BackupError> {
    let newest = query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations");
    let newest: Result<i64, _> = newest.fetch_one(connection).await;
    let newest = newest.map_err(|error| match unreadable(path, error) {
        BackupError::Store(_) => ConnectError::NotTitan.into(),
        other => other,
    })?;
    match crate::migration::check(&migrator(), newest) {
        Ok(()) | Err(ConnectError::Older(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn progress(file: &Path, total: u64) -> Progress {
    let done = std::fs::metadata(file).map_or(0, |metadata| metadata.len());
    Progress { step: Step::Copy, table: "database", done, total }
}
