//! PostgreSQL: one database, several instances of Titan.
//!
//! Who writes locks the row of `revision_head` until its commit, so writes exclude each other, also those of other
//! instances; those that wait together commit together ([`crate::group`]). Each purpose has connections of its own, so
//! that no list and no write holds up a revocation.

mod answer;
mod attempt;
mod audit;
mod budget;
mod client_token;
mod connect;
mod error;
mod imported_key;
mod instance;
mod invitation;
mod key;
mod live_session;
mod migration;
mod moved;
mod news;
mod opaque;
mod revision;
mod scope;
mod seal;
mod second_factor;
mod session;
mod settings;
mod signing;
mod tenant;
mod usage;
mod user;

pub(crate) use connect::{ONE_MOMENT, check_version, connect_one, name, upgrade};
pub(crate) use error::{failed, refused};
pub(crate) use key::terms;
pub(crate) use moved::refuse_unfinished;

use crate::error::ConnectError;
use crate::group::{Engine, Groups, Rows, Turn};
use crate::vault::Vault;
use async_trait::async_trait;
use connect::Pools;
use news::Listener;
use sqlx::{PgConnection, PgPool};
use std::sync::Arc;
use titan_core::access::Catalogue;
use titan_core::port::{Store, StoreError, StoreResult, Tx, WriteLoad};
use titan_core::time::Clock;

/// Writes exclude each other from here on.
pub(crate) const LOCK: &str = "SELECT revision FROM revision_head FOR UPDATE";

/// An open PostgreSQL database.
pub(crate) struct Postgres {
    writers: Groups<sqlx::Postgres>,
    readers: PgPool,
    /// For the log of revisions and for leases alone.
    log: PgPool,
    /// For loans alone. A commit does not wait for the disk.
    shared_budgets: PgPool,
    key_budgets: PgPool,
    day_counts: PgPool,
    vault: Vault,
    /// Whoever asks for usage has it.
    usage: Arc<tokio::sync::Mutex<()>>,
    news: Listener,
}

/// One write.
struct PostgresTx {
    turn: Turn<sqlx::Postgres>,
    vault: Vault,
}

impl Postgres {
    pub(crate) async fn open(
        url: &str,
        vault: Vault,
        own_scopes: &[String],
        clock: &dyn Clock,
    ) -> Result<(Self, Catalogue), ConnectError> {
        let Pools { writer, readers, log, shared_budgets, key_budgets, day_counts } =
            connect::open(url).await?;
        let writers = Groups::new(writer);
        let news = Listener::start(log.clone());
        let usage = Arc::default();
        let store =
            Self { writers, readers, log, shared_budgets, key_budgets, day_counts, vault, usage, news };
        store.check_seal().await?;
        let mut turn = store.writers.begin().await?;
        moved::refuse_unfinished(turn.connection().await?).await?;
        seal::settle(turn.connection().await?, &store.vault).await?;
        tenant::ensure_default(turn.connection().await?, clock.now()).await?;
        let catalogue = scope::reconcile(turn.connection().await?, own_scopes).await?;
        turn.commit().await?;
        Ok((store, catalogue))
    }
}

#[async_trait]
impl Engine for sqlx::Postgres {
    // With [`LOCK`] in its middle.
    const BEGIN: &'static str = "BEGIN; SELECT revision FROM revision_head FOR UPDATE; SAVEPOINT writer";

    fn failed(error: sqlx::Error) -> StoreError {
        failed(error)
    }

    async fn add(connection: &mut PgConnection, rows: &[Rows]) -> StoreResult<()> {
        key::add(connection, rows.iter().flat_map(|rows| &rows.keys).collect()).await?;
        answer::add(connection, rows.iter().flat_map(|rows| &rows.answers).collect()).await?;
        audit::add(connection, rows.iter().flat_map(|rows| &rows.audit).collect()).await
    }
}

impl PostgresTx {
    async fn connection(&mut self) -> StoreResult<&mut PgConnection> {
        self.turn.connection().await
    }
}

/// A column of these rows: the parameter of a statement that adds all of them.
fn each<R, T>(rows: &[R], column: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(column).collect()
}

#[async_trait]
impl Store for Postgres {
    fn write_load(&self) -> WriteLoad {
        self.writers.load()
    }

    async fn begin(&self) -> StoreResult<Box<dyn Tx>> {
        let turn = self.writers.begin().await?;
        Ok(Box::new(PostgresTx { turn, vault: self.vault.clone() }))
    }
}

#[async_trait]
impl Tx for PostgresTx {
    async fn commit(self: Box<Self>) -> StoreResult<()> {
        self.turn.commit().await
    }
}
