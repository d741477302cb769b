//! Writers that wait together commit together: `docs/adr/0015-postgresql-and-group-commit.md`.
//!
//! A group is one transaction of the database, and each of its writers is a savepoint in it. Writers have their turns in
//! the order in which they came. When a group begins, a task takes a place in the line, behind all writers that wait at
//! that time. When its turn comes, it commits for all of them.

use sqlx::{Database, Error, Executor, Pool, Transaction, raw_sql};
use std::sync::Arc;
use titan_core::port::{StoreError, StoreResult};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

/// More writers than this do not share a commit, so that nobody waits long for the others.
const MOST: usize = 64;

/// The writers of a database.
pub(crate) struct Groups<DB: Database> {
    pool: Pool<DB>,
    statements: Statements,
    /// Where commits run: a runtime that outlives those who write.
    runtime: Handle,
    group: Arc<Mutex<Group<DB>>>,
}

/// How an engine begins a transaction that excludes all others, and what an error means.
#[derive(Clone, Copy)]
pub(crate) struct Statements {
    pub(crate) begin: &'static str,
    /// A statement that waits for the writers of other processes.
    pub(crate) lock: Option<&'static str>,
    pub(crate) failed: fn(Error) -> StoreError,
}

/// The transaction that is open, if one is.
struct Group<DB: Database> {
    tx: Option<Transaction<'static, DB>>,
    /// Where those hear of the commit who have written.
    written: Vec<oneshot::Sender<Result<(), String>>>,
    /// Whether the last writer left a savepoint: then it did not finish.
    has_savepoint: bool,
}

/// A writer that has its turn. Dropping it undoes what it wrote.
pub(crate) struct Turn<DB: Database> {
    group: OwnedMutexGuard<Group<DB>>,
    failed: fn(Error) -> StoreError,
}

impl<DB: Database> Groups<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    /// `pool` must have one connection. Must be called in a runtime that lives as long as the store.
    pub(crate) fn new(pool: Pool<DB>, statements: Statements) -> Self {
        let group = Group { tx: None, written: Vec::new(), has_savepoint: false };
        Self { pool, statements, runtime: Handle::current(), group: Arc::new(Mutex::new(group)) }
    }

    /// Waits for a turn.
    pub(crate) async fn begin(&self) -> StoreResult<Turn<DB>> {
        let mut group = Arc::clone(&self.group).lock_owned().await;
        group.undo_unfinished().await;
        if group.written.len() >= MOST {
            group.commit().await;
        }
        if group.tx.is_none() {
            self.open(&mut group).await.map_err(self.statements.failed)?;
        }
        group.has_savepoint = true;
        group.execute("SAVEPOINT writer").await.map_err(self.statements.failed)?;
        Ok(Turn { group, failed: self.statements.failed })
    }

    async fn open(&self, group: &mut Group<DB>) -> Result<(), Error> {
        let mut tx = self.pool.begin_with(self.statements.begin).await?;
        if let Some(lock) = self.statements.lock {
            raw_sql(lock).execute(&mut *tx).await?;
        }
        group.tx = Some(tx);
        let line = Arc::clone(&self.group);
        self.runtime.spawn(async move { line.lock().await.finish().await });
        Ok(())
    }
}

impl<DB: Database> Group<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    async fn execute(&mut self, statement: &'static str) -> Result<(), Error> {
        let tx = self.tx.as_mut().ok_or(Error::PoolClosed)?;
        raw_sql(statement).execute(&mut **tx).await.map(drop)
    }

    async fn finish(&mut self) {
        self.undo_unfinished().await;
        self.commit().await;
    }

    /// Undoes what a writer wrote that did not finish. If that fails, nobody knows what the transaction contains, so all
    /// of it is undone.
    async fn undo_unfinished(&mut self) {
        if self.has_savepoint
            && self.tx.is_some()
            && let Err(error) = self.execute("ROLLBACK TO SAVEPOINT writer; RELEASE SAVEPOINT writer").await
        {
            self.abandon(&error).await;
        }
        self.has_savepoint = false;
    }

    async fn commit(&mut self) {
        let Some(tx) = self.tx.take() else { return };
        // Taken before the wait: if this is cut off, they hear that nobody knows.
        let written = std::mem::take(&mut self.written);
        let result = tx.commit().await.map_err(|error| error.to_string());
        for writer in written {
            // Nobody hears it if the caller has gone away.
            let _ = writer.send(result.clone());
        }
    }

    async fn abandon(&mut self, error: &Error) {
        for writer in self.written.drain(..) {
            let _ = writer.send(Err(error.to_string()));
        }
        if let Some(tx) = self.tx.take() {
            // Also without an answer: the connection is then closed, and its transaction ends with it.
            let _ = tx.rollback().await;
        }
    }
}

impl<DB: Database> Turn<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    /// The connection on which to write.
    pub(crate) fn connection(&mut self) -> StoreResult<&mut DB::Connection> {
        self.group
            .tx
            .as_deref_mut()
            .ok_or_else(|| StoreError::Unavailable("the transaction has ended".into()))
    }

    /// Ends the turn. Returns when the commit of the group is durable.
    pub(crate) async fn commit(mut self) -> StoreResult<()> {
        self.group.execute("RELEASE SAVEPOINT writer").await.map_err(self.failed)?;
        self.group.has_savepoint = false;
        let (sender, committed) = oneshot::channel();
        self.group.written.push(sender);
        drop(self.group);
        match committed.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(StoreError::Unavailable(error.into())),
            Err(closed) => Err(StoreError::Unavailable(closed.into())),
        }
    }
}
