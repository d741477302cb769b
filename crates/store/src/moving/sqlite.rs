//! The source: an SQLite database that nobody uses.

use super::table::{Kind, Row, Table, Value};
use super::{MoveError, PAGE, Rows};
use crate::sqlite::{failed, lock, migrator, pool};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _, SqlitePool, query, query_as, query_scalar};
use std::fs::File;
use std::path::{Path, PathBuf};
use titan_core::entropy::{Entropy, random};
use titan_core::time::Timestamp;

type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, SqliteArguments>;

/// The source of a move.
pub(super) struct Source {
    path: PathBuf,
    pool: SqlitePool,
    /// Titan does not start on this database meanwhile.
    _lock: File,
}

/// Which database leaves, and in which state.
pub(super) struct Departure {
    pub(super) id: Vec<u8>,
    pub(super) run: i64,
    pub(super) moved_to: Option<String>,
}

impl Source {
    /// Takes the database for this process. Does not change it.
    pub(super) async fn open(path: &Path) -> Result<Self, MoveError> {
        if !path.is_file() {
            return Err(MoveError::NoFile(path.to_owned()));
        }
        let error = |error| MoveError::Source(path.to_owned(), error);
        let lock = lock(path).map_err(error)?;
        let pool = pool(path, 1, false).await.map_err(error)?;
        let source = Self { path: path.to_owned(), pool, _lock: lock };
        source.check_is_titan().await?;
        Ok(source)
    }

    async fn check_is_titan(&self) -> Result<(), MoveError> {
        let tables: i64 = query_scalar(
            "SELECT count(*) FROM sqlite_schema WHERE name IN ('_sqlx_migrations', 'signing_key', 'key', 'audit') \
             AND type = 'table'",
        )
        .fetch_one(&self.pool)
        .await
        .map_err(|error| self.failed(error))?;
        if tables == 4 { Ok(()) } else { Err(MoveError::NotTitan(self.path.clone())) }
    }

    pub(super) async fn upgrade(&self) -> Result<(), MoveError> {
        let upgraded = migrator().run(&self.pool).await;
        upgraded.map_err(|error| MoveError::Source(self.path.clone(), error.into()))
    }

    /// What the copy must remember. The same as in an earlier attempt, if Titan did not run meanwhile.
    pub(super) async fn begin(&self, entropy: &dyn Entropy) -> Result<Departure, MoveError> {
        query("INSERT INTO move_out (one, id, run) VALUES (1, ?, 0) ON CONFLICT DO NOTHING")
            .bind(random::<16>(entropy).to_vec())
            .execute(&self.pool)
            .await
            .map_err(|error| self.failed(error))?;
        let (id, run, moved_to) = query_as("SELECT id, run, moved_to FROM move_out")
            .fetch_one(&self.pool)
            .await
            .map_err(|error| self.failed(error))?;
        Ok(Departure { id, run, moved_to })
    }

    /// From now on Titan refuses to run here.
    pub(super) async fn mark(&self, place: &str, now: Timestamp) -> Result<(), MoveError> {
        query("UPDATE move_out SET moved_to = ?, moved_at = ?")
            .bind(place)
            .bind(now.ms())
            .execute(&self.pool)
            .await
            .map_err(|error| self.failed(error))?;
        Ok(())
    }

    /// Returns where it was moved to. What was copied is out of date from now on.
    pub(super) async fn unmark(&self) -> Result<Option<String>, MoveError> {
        let place = query_scalar("SELECT moved_to FROM move_out WHERE moved_to IS NOT NULL")
            .fetch_optional(&self.pool)
            .await
            .map_err(|error| self.failed(error))?;
        query("UPDATE move_out SET moved_to = NULL, moved_at = NULL, run = run + 1")
            .execute(&self.pool)
            .await
            .map_err(|error| self.failed(error))?;
        Ok(place)
    }

    /// Writes the log into the file, so that the file alone is the database.
    pub(super) async fn close(self) {
        self.pool.close().await;
    }

    fn failed(&self, error: sqlx::Error) -> MoveError {
        MoveError::Source(self.path.clone(), failed(error).into())
    }
}

impl Rows for Source {
    async fn page(&mut self, table: &Table, after: Option<&[Value]>) -> Result<Vec<Row>, MoveError> {
        let key = names(table.key());
        let place = after.map(|after| format!("WHERE ({key}) > ({})", vec!["?"; after.len()].join(", ")));
        let select = query(AssertSqlSafe(format!(
            "SELECT {} FROM {} {} ORDER BY {key} LIMIT {PAGE}",
            names(table.columns),
            table.name,
            place.unwrap_or_default()
        )));
        let select = after.unwrap_or_default().iter().fold(select, bind);
        let rows = select.fetch_all(&self.pool).await.map_err(|error| self.failed(error))?;
        let rows: Result<Vec<Row>, _> = rows.iter().map(|row| read(table, row)).collect();
        rows.map_err(|error| self.failed(error))
    }

    async fn count(&mut self, table: &Table) -> Result<u64, MoveError> {
        let select = query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {}", table.name)));
        let count: i64 = select.fetch_one(&self.pool).await.map_err(|error| self.failed(error))?;
        Ok(count.unsigned_abs())
    }
}

fn names(columns: &[(&str, Kind)]) -> String {
    columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

fn bind<'q>(query: Query<'q>, value: &Value) -> Query<'q> {
    match value {
        Value::Bytes(bytes) => query.bind(bytes.clone()),
        Value::Null => query.bind(None::<i64>),
        Value::Number(number) => query.bind(*number),
        Value::Text(text) => query.bind(text.clone()),
    }
}

fn read(table: &Table, row: &SqliteRow) -> Result<Row, sqlx::Error> {
    let read = |(place, (_, kind)): (usize, &(&str, Kind))| {
        let value = match kind {
            Kind::Bytes => row.try_get::<Option<_>, _>(place)?.map(Value::Bytes),
            Kind::Flag | Kind::Number => row.try_get::<Option<_>, _>(place)?.map(Value::Number),
            Kind::Text => row.try_get::<Option<_>, _>(place)?.map(Value::Text),
        };
        Ok(value.unwrap_or(Value::Null))
    };
    table.columns.iter().enumerate().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moving::table::TABLES;

    /// What stays behind: notes of the databases about themselves, and the index of terms.
    const OTHERS: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' \
        AND name NOT IN ('_sqlx_migrations', 'move_out', 'usage_flush') AND name NOT LIKE 'key_term%' AND name NOT LIKE 'sqlite_%'";

    /// A migration that adds a table or a column must say how it moves.
    #[tokio::test]
    async fn every_table_and_column_moves() {
        let folder = tempfile::tempdir().unwrap();
        let pool = pool(&folder.path().join("titan.db"), 1, false).await.unwrap();
        migrator().run(&pool).await.unwrap();
        let mut names: Vec<String> = query_scalar(OTHERS).fetch_all(&pool).await.unwrap();
        names.sort();
        let mut moved: Vec<_> = TABLES.iter().map(|table| table.name).collect();
        moved.sort_unstable();
        assert_eq!(names, moved);
        for table in &TABLES {
            let columns =
                query_scalar("SELECT name FROM pragma_table_info(?) ORDER BY name").bind(table.name);
            let columns: Vec<String> = columns.fetch_all(&pool).await.unwrap();
            let mut moved: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
            moved.sort_unstable();
            assert_eq!(columns, moved, "{}", table.name);
        }
    }
}
