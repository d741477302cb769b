//! A writer that has its turn.

use super::known::Known;
use super::rows::NamedAnswer;
use super::{Engine, Group, Since};
use sqlx::Executor;
use titan_core::audit::Entry;
use titan_core::idempotency::Answer;
use titan_core::key::Key;
use titan_core::port::{StoreError, StoreResult};
use titan_token::KeyId;
use tokio::runtime::Handle;
use tokio::sync::OwnedMutexGuard;

/// A writer that has its turn. Dropping it undoes what it wrote.
pub(crate) struct Turn<DB: Engine> {
    /// `None` only while a task has it, and after a task that broke.
    group: Option<OwnedMutexGuard<Group<DB>>>,
    runtime: Handle,
}

impl<DB: Engine> Turn<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    pub(super) fn new(mut group: OwnedMutexGuard<Group<DB>>, runtime: Handle) -> Self {
        group.has_unfinished = true;
        Self { group: Some(group), runtime }
    }

    fn group(&mut self) -> StoreResult<&mut Group<DB>> {
        let ended = || StoreError::Unavailable("the transaction has ended".into());
        self.group.as_deref_mut().filter(|group| group.is_open).ok_or_else(ended)
    }

    /// The connection for any statement: all rows that waited are written.
    pub(crate) async fn connection(&mut self) -> StoreResult<&mut DB::Connection> {
        if self.group()?.since != Since::Written {
            self.prepare(Next::Any).await?;
        }
        let group = self.group()?;
        group.since = Since::Written;
        group.known = Known::default();
        group.write_own().await?;
        group.connection().map_err(DB::failed)
    }

    /// The connection for a statement that changes nothing and reads nothing of what [`Rows`] are of: rows that wait
    /// may go on waiting.
    pub(crate) async fn reader(&mut self) -> StoreResult<&mut DB::Connection> {
        if self.group()?.since == Since::Finished {
            self.prepare(Next::Read).await?;
        }
        let group = self.group()?;
        if group.since == Since::Nothing {
            group.since = Since::Read;
        }
        group.connection().map_err(DB::failed)
    }

    /// What needs no statement.
    pub(crate) fn known(&mut self) -> StoreResult<&mut Known> {
        self.group().map(|group| &mut group.known)
    }

    /// The connection for a statement that looks for this key, and changes nothing.
    pub(crate) async fn key_reader(&mut self, id: KeyId) -> StoreResult<&mut DB::Connection> {
        let is_waiting = self.group()?.has_waiting(|rows| rows.has_key(id));
        if is_waiting { self.connection().await } else { self.reader().await }
    }

    /// The same for an answer.
    pub(crate) async fn answer_reader(
        &mut self,
        actor: &str,
        name: &str,
    ) -> StoreResult<&mut DB::Connection> {
        let is_waiting = self.group()?.has_waiting(|rows| rows.has_answer(actor, name));
        if is_waiting { self.connection().await } else { self.reader().await }
    }

    /// Adds a key, now or later. So what is wrong with it may come to light at the commit.
    pub(crate) fn add_key(&mut self, key: &Key) -> StoreResult<()> {
        self.group()?.own.keys.push(key.clone());
        Ok(())
    }

    /// The same for a row of the audit log.
    pub(crate) fn add_audit(&mut self, entry: &Entry) -> StoreResult<()> {
        self.group()?.own.audit.push(entry.clone());
        Ok(())
    }

    /// The same for an answer.
    pub(crate) fn add_answer(&mut self, actor: &str, name: &str, answer: &Answer) -> StoreResult<()> {
        let (actor, name, answer) = (actor.to_owned(), name.to_owned(), answer.clone());
        self.group()?.own.answers.push(NamedAnswer { actor, name, answer });
        Ok(())
    }

    /// Ends the turn. Returns when the commit of the group is durable.
    pub(crate) async fn commit(mut self) -> StoreResult<()> {
        let group = self.group()?;
        if group.since == Since::Written {
            // What a writer wrote by statements and what it added fail together.
            group.write_own().await?;
        }
        let told = group.end_turn();
        drop(self.group.take());
        told.await.map_err(|closed| StoreError::Unavailable(closed.into()))?
    }

    /// In a task: a caller that goes away must not end it in the middle.
    async fn prepare(&mut self, next: Next) -> StoreResult<()> {
        let Some(mut group) = self.group.take() else { return Ok(()) };
        let prepared = self.runtime.spawn(async move {
            match next {
                Next::Read => group.move_savepoint().await,
                Next::Any => group.settle().await,
            }
            group
        });
        self.group = Some(prepared.await.map_err(|error| StoreError::Unavailable(error.into()))?);
        Ok(())
    }
}

/// The statement that comes next.
#[derive(Clone, Copy)]
enum Next {
    Read,
    Any,
}
