//! Writers that wait together commit together: `docs/adr/0015-postgresql-and-group-commit.md`.
//!
//! A group is one transaction of the database. Writers have their turns in the order in which they came. When a group
//! begins, a task takes a place in the line, behind all writers that wait at that time. When its turn comes, it commits for
//! all of them.
//!
//! A statement costs more than what it does, so a group spares statements. What it has read it knows ([`Known`]). Rows that
//! are only added wait in memory ([`Rows`]) until another statement could see them or the group commits; then those of all
//! writers are written at once. And one savepoint is enough: it stands behind what finished writers have written, and moves
//! only before a statement of the next one.
//!
//! A caller can go away at any moment, so what must not end in the middle runs in tasks of its own.

mod known;
mod load;
mod rows;
mod turn;

pub(crate) use known::Known;
pub(crate) use rows::{NamedAnswer, Rows, forgotten_before};
pub(crate) use turn::Turn;

use async_trait::async_trait;
use load::Load;
use sqlx::pool::PoolConnection;
use sqlx::{Database, Error, Executor, Pool, raw_sql};
use std::mem::take;
use std::slice::from_ref;
use std::sync::Arc;
use std::time::Duration;
use titan_core::port::{StoreError, StoreResult, WriteLoad};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tokio::time::timeout;

/// More writers than this do not share a commit, so that nobody waits long for the others.
const MOST: usize = 64;
/// A database that has not answered by then has no connection to us any more.
const PATIENCE: Duration = Duration::from_secs(15);

const MOVE_SAVEPOINT: &str = "RELEASE SAVEPOINT writer; SAVEPOINT writer";
const UNDO: &str = "ROLLBACK TO SAVEPOINT writer";
/// After an error that nobody looked at, PostgreSQL answers a bare COMMIT with success and rolls back. The first of these
/// fails then.
const COMMIT: &str = "RELEASE SAVEPOINT writer; COMMIT";

/// What differs between the engines.
#[async_trait]
pub(crate) trait Engine: Database {
    /// Begins a transaction that excludes all others, and sets the savepoint `writer` in it.
    const BEGIN: &'static str;

    /// What an error means.
    fn failed(error: Error) -> StoreError;

    /// Writes these rows behind those that are there.
    async fn add(connection: &mut Self::Connection, rows: &[Rows]) -> StoreResult<()>;
}

/// The writers of a database.
pub(crate) struct Groups<DB: Engine>(Arc<Line<DB>>);

struct Line<DB: Engine> {
    pool: Pool<DB>,
    /// Where tasks run: it outlives those who write.
    runtime: Handle,
    group: Arc<Mutex<Group<DB>>>,
    load: Arc<Load>,
}

/// The connection, and the transaction that is open on it, if one is.
struct Group<DB: Engine> {
    connection: Option<PoolConnection<DB>>,
    is_open: bool,
    finished: Vec<Finished>,
    /// What the writer added whose turn it is.
    own: Rows,
    /// Whether a writer has its turn, or went away in it.
    has_unfinished: bool,
    since: Since,
    known: Known,
    load: Arc<Load>,
}

/// A writer that waits for the commit.
struct Finished {
    /// What it added, as long as that is not written. A writer that has run other statements has none.
    rows: Rows,
    told: oneshot::Sender<StoreResult<()>>,
}

/// What was run since the savepoint.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Since {
    Nothing,
    /// Writers that have finished wrote something: they must not be undone.
    Finished,
    /// The writer whose turn it is has read.
    Read,
    /// The same one may have written.
    Written,
}

impl<DB: Engine> Groups<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    /// `pool` must have one connection. Must be called in a runtime that lives as long as the store.
    pub(crate) fn new(pool: Pool<DB>) -> Self {
        let load = Arc::<Load>::default();
        let group = Arc::new(Mutex::new(Group::new(Arc::clone(&load))));
        Self(Arc::new(Line { pool, runtime: Handle::current(), group, load }))
    }

    /// Waits for a turn.
    pub(crate) async fn begin(&self) -> StoreResult<Turn<DB>> {
        let waiting = self.0.load.wait();
        let mut group = Arc::clone(&self.0.group).lock_owned().await;
        if !group.is_ready() {
            let line = Arc::clone(&self.0);
            let prepared = self.0.runtime.spawn(async move { line.prepare(group).await });
            group =
                prepared.await.map_err(|error| StoreError::Unavailable(error.into()))?.map_err(DB::failed)?;
        }
        drop(waiting);
        Ok(Turn::new(group, self.0.runtime.clone()))
    }

    /// How busy the writers are.
    pub(crate) fn load(&self) -> WriteLoad {
        self.0.load.read()
    }
}

impl<DB: Engine> Line<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    async fn prepare(
        &self,
        mut group: OwnedMutexGuard<Group<DB>>,
    ) -> Result<OwnedMutexGuard<Group<DB>>, Error> {
        group.undo_unfinished().await;
        if group.finished.len() >= MOST {
            group.commit().await;
        }
        if !group.is_open {
            self.open(&mut group).await?;
        }
        Ok(group)
    }

    async fn open(&self, group: &mut Group<DB>) -> Result<(), Error> {
        // The connection may have died while nobody wrote.
        if group.connection.is_none() || group.run(DB::BEGIN).await.is_err() {
            group.abandon("the connection was lost");
            group.connection = Some(self.pool.acquire().await?);
            group.run(DB::BEGIN).await.inspect_err(|error| group.abandon(&error.to_string()))?;
        }
        group.is_open = true;
        let line = Arc::clone(&self.group);
        self.runtime.spawn(async move { line.lock().await.finish().await });
        Ok(())
    }
}

impl<DB: Engine> Group<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    fn new(load: Arc<Load>) -> Self {
        Self {
            connection: None,
            is_open: false,
            finished: Vec::new(),
            own: Rows::default(),
            has_unfinished: false,
            since: Since::Nothing,
            known: Known::default(),
            load,
        }
    }

    /// Whether the next writer can have its turn at once.
    fn is_ready(&self) -> bool {
        self.is_open && !self.has_unfinished && self.finished.len() < MOST
    }

    fn connection(&mut self) -> Result<&mut DB::Connection, Error> {
        self.connection.as_deref_mut().ok_or(Error::PoolClosed)
    }

    /// Whether one of the writers has added such a row, and it is not written.
    fn has_waiting(&self, is_wanted: impl Fn(&Rows) -> bool) -> bool {
        self.finished.iter().map(|writer| &writer.rows).chain([&self.own]).any(is_wanted)
    }

    async fn run(&mut self, statement: &'static str) -> Result<(), Error> {
        let run = timeout(PATIENCE, raw_sql(statement).execute(self.connection()?));
        run.await.unwrap_or(Err(Error::PoolTimedOut)).map(drop)
    }

    /// The same inside the transaction. If that fails, nobody knows what the transaction contains, so all of it is undone.
    async fn run_or_abandon(&mut self, statement: &'static str) {
        match self.run(statement).await {
            Ok(()) => self.since = Since::Nothing,
            Err(error) => self.abandon(&error.to_string()),
        }
    }

    /// What finished writers wrote lies before the savepoint after this.
    async fn move_savepoint(&mut self) {
        if self.since == Since::Finished {
            self.run_or_abandon(MOVE_SAVEPOINT).await;
        }
    }

    /// Makes room for statements that may write or read anything.
    async fn settle(&mut self) {
        self.write_waiting().await;
        self.move_savepoint().await;
    }

    /// Writes what finished writers have added.
    async fn write_waiting(&mut self) {
        if self.finished.iter().all(|writer| writer.rows.is_empty()) {
            return;
        }
        self.move_savepoint().await;
        let rows: Vec<_> = self.finished.iter_mut().map(|writer| take(&mut writer.rows)).collect();
        if self.add(&rows).await.is_ok() {
            self.since = Since::Finished;
        } else {
            self.write_each(rows).await;
        }
    }

    /// Finds out whose rows cannot be written. Nobody has seen them, so nobody else fails because of them.
    async fn write_each(&mut self, rows: Vec<Rows>) {
        self.run_or_abandon(UNDO).await;
        for (writer, rows) in take(&mut self.finished).into_iter().zip(rows) {
            match self.add(from_ref(&rows)).await {
                Ok(()) => {
                    self.finished.push(writer);
                    self.run_or_abandon(MOVE_SAVEPOINT).await;
                }
                Err(error) => {
                    // Nobody hears it if the caller has gone away.
                    let _ = writer.told.send(Err(error));
                    self.run_or_abandon(UNDO).await;
                }
            }
        }
    }

    /// Writes what the writer has added whose turn it is.
    async fn write_own(&mut self) -> StoreResult<()> {
        let rows = take(&mut self.own);
        if rows.is_empty() { Ok(()) } else { self.add(&[rows]).await }
    }

    async fn add(&mut self, rows: &[Rows]) -> StoreResult<()> {
        let connection = self.connection().map_err(DB::failed)?;
        match timeout(PATIENCE, DB::add(connection, rows)).await {
            Ok(added) => added,
            Err(late) => {
                self.abandon("the database gave no answer");
                Err(StoreError::Unavailable(late.into()))
            }
        }
    }

    /// Ends a turn.
    fn end_turn(&mut self) -> oneshot::Receiver<StoreResult<()>> {
        self.has_unfinished = false;
        self.since = match self.since {
            Since::Read => Since::Nothing,
            Since::Written => Since::Finished,
            since => since,
        };
        let (told, commit) = oneshot::channel();
        self.finished.push(Finished { rows: take(&mut self.own), told });
        commit
    }

    async fn finish(&mut self) {
        self.undo_unfinished().await;
        self.commit().await;
    }

    /// Undoes what a writer did that did not finish.
    async fn undo_unfinished(&mut self) {
        if !take(&mut self.has_unfinished) {
            return;
        }
        self.own = Rows::default();
        self.known = Known::default();
        if self.is_open && matches!(self.since, Since::Read | Since::Written) {
            self.run_or_abandon(UNDO).await;
        }
    }

    async fn commit(&mut self) {
        self.write_waiting().await;
        if !take(&mut self.is_open) {
            return;
        }
        match self.run(COMMIT).await {
            Ok(()) => {
                self.load.committed(self.finished.len());
                self.end(|| Ok(()));
            }
            Err(error) => self.abandon(&error.to_string()),
        }
    }

    /// Closes the connection: its transaction ends with it.
    fn abandon(&mut self, error: &str) {
        self.end(|| Err(StoreError::Unavailable(error.into())));
        // Not back to the pool, which would wait for an answer on it.
        drop(self.connection.take().map(PoolConnection::detach));
    }

    /// Tells all writers what has become of the group.
    fn end(&mut self, result: impl Fn() -> StoreResult<()>) {
        self.is_open = false;
        self.since = Since::Nothing;
        self.known = Known::default();
        for writer in self.finished.drain(..) {
            // Nobody hears it if the caller has gone away.
            let _ = writer.told.send(result());
        }
    }
}
