//! Writers that wait together commit together: `docs/adr/0015-postgresql-and-group-commit.md`.
//!
//! A group is one transaction of the database, and each of its writers is a savepoint in it. Writers have their turns in
//! the order in which they came. When a group begins, a task takes a place in the line, behind all writers that wait at
//! that time. When its turn comes, it commits for all of them.
//!
//! A caller can go away at any moment, so what must not end in the middle runs in tasks of its own.

use sqlx::pool::PoolConnection;
use sqlx::{Database, Error, Executor, Pool, raw_sql};
use std::sync::Arc;
use std::time::Duration;
use titan_core::port::{StoreError, StoreResult};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tokio::time::timeout;

/// More writers than this do not share a commit, so that nobody waits long for the others.
const MOST: usize = 64;
/// A database that has not answered by then has no connection to us any more.
const PATIENCE: Duration = Duration::from_secs(15);

/// The writers of a database.
pub(crate) struct Groups<DB: Database>(Arc<Line<DB>>);

/// How an engine begins a transaction that excludes all others, and what an error means.
#[derive(Clone, Copy)]
pub(crate) struct Statements {
    pub(crate) begin: &'static str,
    /// A statement that waits for the writers of other processes.
    pub(crate) lock: Option<&'static str>,
    pub(crate) failed: fn(Error) -> StoreError,
}

struct Line<DB: Database> {
    pool: Pool<DB>,
    statements: Statements,
    /// Where tasks run: it outlives those who write.
    runtime: Handle,
    group: Arc<Mutex<Group<DB>>>,
}

/// The connection, and the transaction that is open on it, if one is.
struct Group<DB: Database> {
    connection: Option<PoolConnection<DB>>,
    is_open: bool,
    /// Where those hear of the commit who have written.
    written: Vec<oneshot::Sender<Result<(), String>>>,
    /// Whether the last writer left a savepoint: then it did not finish.
    has_savepoint: bool,
}

/// A writer that has its turn. Dropping it undoes what it wrote.
pub(crate) struct Turn<DB: Database> {
    group: OwnedMutexGuard<Group<DB>>,
    runtime: Handle,
    failed: fn(Error) -> StoreError,
}

impl<DB: Database> Groups<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    /// `pool` must have one connection. Must be called in a runtime that lives as long as the store.
    pub(crate) fn new(pool: Pool<DB>, statements: Statements) -> Self {
        let group = Group { connection: None, is_open: false, written: Vec::new(), has_savepoint: false };
        let group = Arc::new(Mutex::new(group));
        Self(Arc::new(Line { pool, statements, runtime: Handle::current(), group }))
    }

    /// Waits for a turn.
    pub(crate) async fn begin(&self) -> StoreResult<Turn<DB>> {
        let line = Arc::clone(&self.0);
        let turn = self.0.runtime.spawn(async move { line.take_turn().await });
        turn.await.map_err(|error| StoreError::Unavailable(error.into()))?.map_err(self.0.statements.failed)
    }
}

impl<DB: Database> Line<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    async fn take_turn(&self) -> Result<Turn<DB>, Error> {
        let mut group = Arc::clone(&self.group).lock_owned().await;
        group.undo_unfinished().await;
        if group.written.len() >= MOST {
            group.commit().await;
        }
        if !group.is_open {
            self.open(&mut group).await?;
        }
        group.has_savepoint = true;
        group.run("SAVEPOINT writer").await?;
        Ok(Turn { group, runtime: self.runtime.clone(), failed: self.statements.failed })
    }

    async fn open(&self, group: &mut Group<DB>) -> Result<(), Error> {
        // The connection may have died while nobody wrote.
        if group.connection.is_none() || self.begin_on(group).await.is_err() {
            group.abandon("the connection was lost");
            group.connection = Some(self.pool.acquire().await?);
            self.begin_on(group).await.inspect_err(|error| group.abandon(&error.to_string()))?;
        }
        group.is_open = true;
        let line = Arc::clone(&self.group);
        self.runtime.spawn(async move { line.lock().await.finish().await });
        Ok(())
    }

    async fn begin_on(&self, group: &mut Group<DB>) -> Result<(), Error> {
        group.run(self.statements.begin).await?;
        match self.statements.lock {
            Some(lock) => group.run(lock).await,
            None => Ok(()),
        }
    }
}

impl<DB: Database> Group<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    async fn run(&mut self, statement: &'static str) -> Result<(), Error> {
        let connection = self.connection.as_mut().ok_or(Error::PoolClosed)?;
        let run = timeout(PATIENCE, raw_sql(statement).execute(&mut **connection));
        run.await.unwrap_or(Err(Error::PoolTimedOut)).map(drop)
    }

    async fn finish(&mut self) {
        self.undo_unfinished().await;
        self.commit().await;
    }

    /// Undoes what a writer wrote that did not finish. If that fails, nobody knows what the transaction contains, so all
    /// of it is undone.
    async fn undo_unfinished(&mut self) {
        if self.has_savepoint
            && self.is_open
            && let Err(error) = self.run("ROLLBACK TO SAVEPOINT writer; RELEASE SAVEPOINT writer").await
        {
            self.abandon(&error.to_string());
        }
        self.has_savepoint = false;
    }

    async fn commit(&mut self) {
        if !std::mem::take(&mut self.is_open) {
            return;
        }
        let written = std::mem::take(&mut self.written);
        let result = self.run("COMMIT").await.map_err(|error| error.to_string());
        if let Err(error) = &result {
            self.abandon(error);
        }
        for writer in written {
            // Nobody hears it if the caller has gone away.
            let _ = writer.send(result.clone());
        }
    }

    /// Closes the connection: its transaction ends with it.
    fn abandon(&mut self, error: &str) {
        self.is_open = false;
        for writer in self.written.drain(..) {
            let _ = writer.send(Err(error.to_owned()));
        }
        // Not back to the pool, which would wait for an answer on it.
        drop(self.connection.take().map(PoolConnection::detach));
    }
}

impl<DB: Database> Turn<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    /// The connection on which to write.
    pub(crate) fn connection(&mut self) -> StoreResult<&mut DB::Connection> {
        let ended = || StoreError::Unavailable("the transaction has ended".into());
        self.group.connection.as_deref_mut().ok_or_else(ended)
    }

    /// Ends the turn. Returns when the commit of the group is durable.
    pub(crate) async fn commit(self) -> StoreResult<()> {
        let Self { mut group, runtime, failed } = self;
        let ended = runtime.spawn(async move {
            group.run("RELEASE SAVEPOINT writer").await?;
            group.has_savepoint = false;
            let (sender, committed) = oneshot::channel();
            group.written.push(sender);
            Ok(committed)
        });
        let committed = ended.await.map_err(|error| StoreError::Unavailable(error.into()))?;
        match committed.map_err(failed)?.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(StoreError::Unavailable(error.into())),
            Err(closed) => Err(StoreError::Unavailable(closed.into())),
        }
    }
}
