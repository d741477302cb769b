//! A new SQLite file that takes the rows of a database which is in use: a backup.

use super::table::{KEY, Row, Table, Value};
use crate::sqlite::{migrator, terms};
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Error, SqliteConnection, query, raw_sql};
use std::path::Path;

type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, SqliteArguments>;

pub(super) struct Sink {
    connection: SqliteConnection,
}

impl Sink {
    /// Makes the tables in this file, which is empty. Nobody trusts it before it is complete, so it needs no journal.
    pub(super) async fn create(path: &Path) -> Result<Self, crate::ConnectError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off);
        let mut connection = options.connect().await.map_err(crate::sqlite::failed)?;
        migrator().run(&mut connection).await?;
        Ok(Self { connection })
    }

    /// Adds these rows. A row that stands alone replaces that of the new tables.
    pub(super) async fn add(&mut self, table: &Table, rows: &[Row]) -> Result<(), Error> {
        let mut tx = self.connection.begin().await?;
        if table.is_single() {
            raw_sql(AssertSqlSafe(format!("DELETE FROM {}", table.name))).execute(&mut *tx).await?;
        }
        let names: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
        let places = vec!["?"; names.len()].join(", ");
        let insert = format!("INSERT INTO {} ({}) VALUES ({places})", table.name, names.join(", "));
        for row in rows {
            let insert = query(AssertSqlSafe(insert.clone()));
            row.iter().fold(insert, bind).execute(&mut *tx).await?;
            if table.name == KEY.name {
                add_terms(&mut tx, row).await?;
            }
        }
        tx.commit().await
    }

    /// Writes everything into the file.
    pub(super) async fn close(self) -> Result<(), Error> {
        self.connection.close().await
    }
}

/// The terms of a key for this engine's lists. A revoked key has none.
async fn add_terms(connection: &mut SqliteConnection, row: &[Value]) -> Result<(), Error> {
    let value = |name| KEY.value(row, name);
    let (Value::Null, Value::Number(number), Value::Text(label), Value::Bytes(scopes), Value::Number(tenant)) =
        (value("revoked_at"), value("number"), value("label"), value("scopes"), value("tenant"))
    else {
        return Ok(());
    };
    let created_by = match value("created_by") {
        Value::Bytes(id) => Some(id.as_slice()),
        _ => None,
    };
    let is_active = *value("is_active") != Value::Number(0);
    let tenant = u32::try_from(*tenant).unwrap_or(u32::MAX);
    let terms = terms(label, tenant, created_by, scopes, is_active);
    let insert = query("INSERT INTO key_term (rowid, terms) VALUES (?, ?)").bind(number).bind(terms);
    insert.execute(connection).await?;
    Ok(())
}

fn bind<'q>(query: Query<'q>, value: &Value) -> Query<'q> {
    match value {
        Value::Bytes(bytes) => query.bind(bytes.clone()),
        Value::Null => query.bind(None::<i64>),
        Value::Number(number) => query.bind(*number),
        Value::Text(text) => query.bind(text.clone()),
    }
}
