//! Moves an installation from SQLite to PostgreSQL: `docs/migrating.md`.
//!
//! Rows are copied in the order of their primary keys, a page in a transaction. So the newest row of the target is the
//! place where an interrupted copy goes on. At the end, both databases are read and compared. At any time at most one of
//! them can be served: the target from the moment when the source is marked as moved.

mod check;
mod error;
mod postgres;
mod sink;
mod sqlite;
mod table;

pub use check::Sum;
pub use error::MoveError;

use crate::{ConnectError, Location};
use postgres::Target;
use sink::Sink;
use sqlite::Source;
use std::path::Path;
use table::{Row, TABLES, Table, Value};
use titan_core::entropy::Entropy;
use titan_core::port::StoreError;
use titan_core::time::Timestamp;

/// How many rows are in memory at the same time.
const PAGE: u32 = 2_000;

/// What a move does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It reads both databases and compares them.
    Check,
    /// It copies rows.
    Copy,
}

/// How far a move is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// What it does.
    pub step: Step,
    /// With which table.
    pub table: &'static str,
    /// Rows of this step that are done.
    pub done: u64,
    /// All rows of this step.
    pub total: u64,
}

/// What was moved.
#[derive(Debug)]
pub struct Report {
    /// What both databases have in each table.
    pub tables: Vec<Sum>,
    /// Rows that an earlier attempt had copied.
    pub resumed: u64,
}

/// Progress, and who is told.
struct Watch<'a> {
    now: Progress,
    tell: &'a mut dyn FnMut(Progress),
}

impl Watch<'_> {
    fn begin(&mut self, step: Step, done: u64, total: u64) {
        self.now = Progress { step, table: "", done, total };
    }

    fn table(&mut self, table: &Table) {
        self.now.table = table.name;
        (self.tell)(self.now);
    }

    fn advance(&mut self, rows: &[Row]) {
        self.now.done += count(rows);
        (self.tell)(self.now);
    }
}

/// The rows of a database, whichever it is.
trait Rows {
    /// At most [`PAGE`] rows behind this primary key, in the order of primary keys: bytes and texts by their bytes.
    async fn page(&mut self, table: &Table, after: Option<&[Value]>) -> Result<Vec<Row>, MoveError>;

    async fn count(&mut self, table: &Table) -> Result<u64, MoveError>;
}

/// Moves all that is in `from` to `to`, or goes on with it. `tell` hears of the progress.
pub async fn move_database(
    from: &Location,
    to: &Location,
    now: Timestamp,
    entropy: &dyn Entropy,
    tell: &mut dyn FnMut(Progress),
) -> Result<Report, MoveError> {
    let (Location::Sqlite(path), Location::Postgres(url)) = (from, to) else {
        return Err(MoveError::Direction);
    };
    let mut source = Source::open(path).await?;
    let mut target = Target::connect(url).await?;
    source.upgrade().await?;
    let departure = source.begin(entropy).await?;
    target.begin(&departure, &from.to_string()).await?;
    let now_at = Progress { step: Step::Copy, table: "", done: 0, total: 0 };
    let mut watch = Watch { now: now_at, tell };
    let resumed = copy(&mut source, &mut target, &mut watch).await?;
    let tables = check::compare(&mut source, &mut target, &mut watch).await?;
    target.settle().await?;
    // In this order. Between the two, neither can be served, and the next attempt goes on from here.
    source.mark(&to.to_string(), now).await?;
    target.finish().await?;
    source.close().await;
    Ok(Report { tables, resumed })
}

/// Lets Titan run again on a database that was moved. Returns where it was moved to.
pub async fn undo_move(from: &Location) -> Result<String, MoveError> {
    let Location::Sqlite(path) = from else { return Err(MoveError::Direction) };
    let source = Source::open(path).await?;
    source.upgrade().await?;
    let place = source.unmark().await?;
    source.close().await;
    place.ok_or_else(|| MoveError::NotMoved(path.clone()))
}

/// Copies a PostgreSQL database that is in use, as of one moment, into an empty SQLite file.
pub(crate) async fn copy_out(
    url: &str,
    file: &Path,
    tell: &mut dyn FnMut(Progress),
) -> Result<(), ConnectError> {
    let connect = |error| match error {
        MoveError::Target(error) => error,
        other => ConnectError::Store(StoreError::Failed(other.into())),
    };
    let sink_failed = |error| ConnectError::Store(crate::sqlite::failed(error));
    let mut from = Target::read(url).await.map_err(connect)?;
    let mut sink = Sink::create(file).await?;
    let now =
        Progress { step: Step::Copy, table: "", done: 0, total: total(&mut from).await.map_err(connect)? };
    let mut watch = Watch { now, tell };
    for table in &TABLES {
        watch.table(table);
        let mut after = None;
        loop {
            let rows = from.page(table, after.as_deref()).await.map_err(connect)?;
            if !rows.is_empty() {
                sink.add(table, &rows).await.map_err(sink_failed)?;
            }
            watch.advance(&rows);
            after = rows.last().map(|row| table.key_of(row));
            if count(&rows) < u64::from(PAGE) {
                break;
            }
        }
    }
    sink.close().await.map_err(sink_failed)
}

/// Copies what is not there yet. Returns how many rows were.
async fn copy(source: &mut Source, target: &mut Target, watch: &mut Watch<'_>) -> Result<u64, MoveError> {
    let (total, there) = (total(source).await?, total(target).await?);
    watch.begin(Step::Copy, there, total);
    for table in &TABLES {
        watch.table(table);
        copy_table(source, target, table, watch).await?;
    }
    Ok(there)
}

async fn copy_table(
    source: &mut Source,
    target: &mut Target,
    table: &Table,
    watch: &mut Watch<'_>,
) -> Result<(), MoveError> {
    let mut after = target.last(table).await?;
    loop {
        let rows = source.page(table, after.as_deref()).await?;
        if let Some(last) = rows.last() {
            after = Some(table.key_of(last));
            target.add(table, &rows).await?;
            watch.advance(&rows);
        }
        if count(&rows) < u64::from(PAGE) {
            return Ok(());
        }
    }
}

/// All rows but those that a new database has, too.
async fn total(rows: &mut impl Rows) -> Result<u64, MoveError> {
    let mut total = 0;
    for table in TABLES.iter().filter(|table| !table.is_single()) {
        total += rows.count(table).await?;
    }
    Ok(total)
}

fn count(rows: &[Row]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}

/// The whole path, for one who reads it from another folder.
fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
