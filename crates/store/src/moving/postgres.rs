//! The target: a PostgreSQL database that nobody uses yet.

use super::sqlite::Departure;
use super::table::{AUDIT, KEY, Kind, Row, TABLES, Table, Value};
use super::{MoveError, PAGE, Rows};
use crate::postgres::{
    LOCK, ONE_MOMENT, check_version, connect_one, refuse_unfinished, refused, terms, upgrade,
};
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row as _, query, query_as, query_scalar, raw_sql};
use std::fmt::Write;

type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, PgArguments>;

/// Only one move at a time goes into a database: the number of the advisory lock.
const MOVES: i64 = 0x7469_7461_6e00_0001;
/// `lock_not_available`
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// The target of a move.
pub(super) struct Target {
    connection: PgConnection,
}

impl Target {
    /// Does not change the database.
    pub(super) async fn connect(url: &str) -> Result<Self, MoveError> {
        let mut connection = connect_one(url).await.map_err(MoveError::Target)?;
        // Until the end of the session. That of a killed process ends with its statement, so this one waits for it.
        let lock = query("SELECT pg_advisory_lock($1)").bind(MOVES).execute(&mut connection).await;
        lock.map_err(|error| match error.as_database_error().and_then(DatabaseError::code) {
            Some(code) if code == LOCK_NOT_AVAILABLE => MoveError::Busy,
            _ => target(error),
        })?;
        Ok(Self { connection })
    }

    /// Reads the database as of one moment, while others use it.
    pub(super) async fn read(url: &str) -> Result<Self, MoveError> {
        let mut connection = connect_one(url).await.map_err(MoveError::Target)?;
        check_version(&mut connection).await.map_err(MoveError::Target)?;
        refuse_unfinished(&mut connection).await.map_err(MoveError::Target)?;
        raw_sql(ONE_MOMENT).execute(&mut connection).await.map_err(target)?;
        Ok(Self { connection })
    }

    /// Makes sure that what is there is a copy of this source in this state, or nothing.
    pub(super) async fn begin(&mut self, departure: &Departure, from: &str) -> Result<(), MoveError> {
        if let Some(table) = foreign(&mut self.connection).await? {
            return Err(departure
                .moved_to
                .clone()
                .map_or(MoveError::Foreign(table), MoveError::AlreadyMoved));
        }
        upgrade(&mut self.connection).await.map_err(MoveError::Target)?;
        let arrival: Option<(Vec<u8>, i64, String)> = query_as("SELECT id, run, moved_from FROM move_in")
            .fetch_optional(&mut self.connection)
            .await
            .map_err(target)?;
        match (arrival, &departure.moved_to) {
            (None, Some(place)) => Err(MoveError::AlreadyMoved(place.clone())),
            (None, None) => self.arrive(departure, from).await,
            (Some((id, _, other)), _) if id != departure.id => Err(MoveError::Other(other)),
            (Some((_, run, _)), _) if run == departure.run => Ok(()),
            (Some(_), _) => self.start_again(departure).await,
        }
    }

    /// No Titan that starts meanwhile comes between: it locks the same row, and then refuses.
    async fn arrive(&mut self, departure: &Departure, from: &str) -> Result<(), MoveError> {
        let mut tx = self.connection.begin().await.map_err(target)?;
        raw_sql(LOCK).execute(&mut *tx).await.map_err(target)?;
        if let Some(table) = foreign(&mut tx).await? {
            return Err(MoveError::Foreign(table));
        }
        query("INSERT INTO move_in (one, id, run, moved_from) VALUES (true, $1, $2, $3)")
            .bind(&departure.id)
            .bind(departure.run)
            .bind(from)
            .execute(&mut *tx)
            .await
            .map_err(target)?;
        tx.commit().await.map_err(target)
    }

    /// Titan ran on the source since the last attempt. Only the audit log cannot have changed but at its end.
    async fn start_again(&mut self, departure: &Departure) -> Result<(), MoveError> {
        let mut tx = self.connection.begin().await.map_err(target)?;
        // A row that stands alone is replaced anyway.
        let tables = TABLES.iter().filter(|table| table.name != AUDIT.name && !table.is_single());
        let names: Vec<_> = tables.map(|table| table.name).collect();
        let truncate = raw_sql(AssertSqlSafe(format!("TRUNCATE {}", names.join(", "))));
        truncate.execute(&mut *tx).await.map_err(target)?;
        query("UPDATE move_in SET run = $1").bind(departure.run).execute(&mut *tx).await.map_err(target)?;
        tx.commit().await.map_err(target)
    }

    /// The primary key of the last row that is there.
    pub(super) async fn last(&mut self, table: &Table) -> Result<Option<Row>, MoveError> {
        if table.is_single() {
            return Ok(None);
        }
        let order: Vec<_> = table.key().iter().map(|column| format!("{} DESC", ordered(column))).collect();
        let select = query(AssertSqlSafe(format!(
            "SELECT {} FROM {} ORDER BY {} LIMIT 1",
            selected(table.key()),
            table.name,
            order.join(", ")
        )));
        let row = select.fetch_optional(&mut self.connection).await.map_err(target)?;
        row.map(|row| read(table.key(), &row)).transpose().map_err(target)
    }

    /// Adds these rows, all or none.
    pub(super) async fn add(&mut self, table: &Table, rows: &[Row]) -> Result<(), MoveError> {
        let mut tx = self.connection.begin().await.map_err(target)?;
        if table.is_single() {
            let delete = raw_sql(AssertSqlSafe(format!("DELETE FROM {}", table.name)));
            delete.execute(&mut *tx).await.map_err(target)?;
        }
        let names: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
        let terms = if table.name == KEY.name { ", terms" } else { "" };
        let copy = format!("COPY {} ({}{terms}) FROM STDIN", table.name, names.join(", "));
        let lines: String = rows.iter().map(|row| line(table, row)).collect();
        let mut input = tx.copy_in_raw(&copy).await.map_err(target)?;
        input.send(lines.into_bytes()).await.map_err(target)?;
        input.finish().await.map_err(target)?;
        tx.commit().await.map_err(target)
    }

    /// The planner of lists goes by statistics.
    pub(super) async fn settle(&mut self) -> Result<(), MoveError> {
        raw_sql("ANALYZE").execute(&mut self.connection).await.map_err(target)?;
        Ok(())
    }

    /// From now on Titan can run here.
    pub(super) async fn finish(mut self) -> Result<(), MoveError> {
        query("DELETE FROM move_in").execute(&mut self.connection).await.map_err(target)?;
        // All is committed. An error would only be about the end of the connection.
        let _ = self.connection.close().await;
        Ok(())
    }
}

impl Rows for Target {
    async fn page(&mut self, table: &Table, after: Option<&[Value]>) -> Result<Vec<Row>, MoveError> {
        let order = table.key().iter().map(ordered).collect::<Vec<_>>().join(", ");
        let place = after.map(|after| {
            let values = (1..=after.len()).map(|n| format!("${n}")).collect::<Vec<_>>();
            format!("WHERE ({order}) > ({})", values.join(", "))
        });
        let select = query(AssertSqlSafe(format!(
            "SELECT {} FROM {} {} ORDER BY {order} LIMIT {PAGE}",
            selected(table.columns),
            table.name,
            place.unwrap_or_default()
        )));
        let select = after.unwrap_or_default().iter().fold(select, bind);
        let rows = select.fetch_all(&mut self.connection).await.map_err(target)?;
        rows.iter().map(|row| read(table.columns, row)).collect::<Result<_, _>>().map_err(target)
    }

    async fn count(&mut self, table: &Table) -> Result<u64, MoveError> {
        let select = query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {}", table.name)));
        let count: i64 = select.fetch_one(&mut self.connection).await.map_err(target)?;
        Ok(count.unsigned_abs())
    }
}

fn target(error: sqlx::Error) -> MoveError {
    MoveError::Target(refused(error))
}

/// The first table with rows that no move can have written. Also before the tables are of this version, so that an
/// installation that is in use is not upgraded by mistake.
async fn foreign(connection: &mut PgConnection) -> Result<Option<&'static str>, MoveError> {
    if has_rows(connection, "move_in").await? {
        return Ok(None);
    }
    for table in TABLES.iter().filter(|table| !table.is_single()) {
        if has_rows(connection, table.name).await? {
            return Ok(Some(table.name));
        }
    }
    Ok(None)
}

async fn has_rows(connection: &mut PgConnection, table: &str) -> Result<bool, MoveError> {
    let is_there = query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(table);
    if !is_there.fetch_one(&mut *connection).await.map_err(target)? {
        return Ok(false);
    }
    let select = query_scalar(AssertSqlSafe(format!("SELECT EXISTS (SELECT 1 FROM {table})")));
    select.fetch_one(connection).await.map_err(target)
}

/// Flags and small numbers as numbers.
fn selected(columns: &[(&str, Kind)]) -> String {
    let select = |(name, kind): &(&str, Kind)| match kind {
        Kind::Bytes | Kind::Text => (*name).to_owned(),
        Kind::Flag => format!("{name}::int::bigint"),
        Kind::Number => format!("{name}::bigint"),
    };
    columns.iter().map(select).collect::<Vec<_>>().join(", ")
}

/// Texts by their bytes, whatever the order of the database is.
fn ordered((name, kind): &(&str, Kind)) -> String {
    match kind {
        Kind::Text => format!("{name} COLLATE \"C\""),
        _ => (*name).to_owned(),
    }
}

fn bind<'q>(query: Query<'q>, value: &Value) -> Query<'q> {
    match value {
        Value::Bytes(bytes) => query.bind(bytes.clone()),
        Value::Null => query.bind(None::<i64>),
        Value::Number(number) => query.bind(*number),
        Value::Text(text) => query.bind(text.clone()),
    }
}

fn read(columns: &[(&str, Kind)], row: &PgRow) -> Result<Row, sqlx::Error> {
    let read = |(place, (_, kind)): (usize, &(&str, Kind))| {
        let value = match kind {
            Kind::Bytes => row.try_get::<Option<_>, _>(place)?.map(Value::Bytes),
            Kind::Flag | Kind::Number => row.try_get::<Option<_>, _>(place)?.map(Value::Number),
            Kind::Text => row.try_get::<Option<_>, _>(place)?.map(Value::Text),
        };
        Ok(value.unwrap_or(Value::Null))
    };
    columns.iter().enumerate().map(read).collect()
}

/// A row in the text format of COPY.
fn line(table: &Table, row: &[Value]) -> String {
    let fields = table.columns.iter().zip(row).map(|((_, kind), value)| field(*kind, value));
    let terms = (table.name == KEY.name).then(|| escaped(&array(&terms_of(row))));
    fields.chain(terms).collect::<Vec<_>>().join("\t") + "\n"
}

fn field(kind: Kind, value: &Value) -> String {
    match value {
        Value::Bytes(bytes) => bytes.iter().fold("\\\\x".to_owned(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        }),
        Value::Null => "\\N".to_owned(),
        Value::Number(number) if kind == Kind::Flag => (*number != 0).to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => escaped(text),
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

/// The literal of an array of texts.
fn array(texts: &[String]) -> String {
    let quoted = texts.iter().map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
    format!("{{{}}}", quoted.collect::<Vec<_>>().join(","))
}

/// The terms of a key for this engine's lists. A revoked key has none.
fn terms_of(row: &[Value]) -> Vec<String> {
    let value = |name| KEY.value(row, name);
    let (Value::Null, Value::Text(label), Value::Bytes(scopes)) =
        (value("revoked_at"), value("label"), value("scopes"))
    else {
        return Vec::new();
    };
    let created_by = match value("created_by") {
        Value::Bytes(id) => Some(id.as_slice()),
        _ => None,
    };
    terms(label, created_by, scopes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_field() {
        let row = [Value::Number(7), Value::Text("a\tb\nc\rd\\N \"ö{},".to_owned())];
        assert_eq!(line(&TABLES[0], &row), "7\ta\\tb\\nc\\rd\\\\N \"ö{},\n");
        assert_eq!(field(Kind::Bytes, &Value::Bytes(vec![0, 255])), "\\\\x00ff");
        assert_eq!(field(Kind::Bytes, &Value::Bytes(Vec::new())), "\\\\x");
        assert_eq!(field(Kind::Text, &Value::Text("\\N".to_owned())), "\\\\N");
        assert_eq!(field(Kind::Text, &Value::Null), "\\N");
        assert_eq!(field(Kind::Flag, &Value::Number(1)), "true");
        assert_eq!(array(&["a\\\"".to_owned(), "b,c".to_owned()]), "{\"a\\\\\\\"\",\"b,c\"}");
    }
}
