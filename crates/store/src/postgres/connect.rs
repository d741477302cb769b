//! Connections, and the settings that each session has.

use super::error::{failed, refused};
use super::migration::migrator;
use crate::error::ConnectError;
use crate::migration;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Error, PgConnection, PgPool, Postgres, Transaction,
    query_scalar,
};
use std::io::ErrorKind;
use std::str::FromStr;
use std::time::Duration;
use titan_core::port::{StoreError, StoreResult};
use tokio::time::timeout;

/// A transaction that sees one moment.
pub(crate) const ONE_MOMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Begins a transaction that sees one moment. In a task of its own: a caller that goes away in the middle would leave the
/// transaction open on its connection, and the next one would see that old moment.
pub(super) async fn one_moment(pool: &PgPool) -> StoreResult<Transaction<'static, Postgres>> {
    let pool = pool.clone();
    let begun = tokio::spawn(async move { pool.begin_with(ONE_MOMENT).await }).await;
    begun.map_err(|error| StoreError::Unavailable(error.into()))?.map_err(failed)
}

/// How long a statement about leases and the log may take. A network that swallows everything gives no error.
pub(super) const PROMPT: Duration = Duration::from_secs(3);

/// Runs a statement on a connection of this pool. One that gives no answer is closed at once: back in the pool, it would
/// be waited for again.
macro_rules! promptly {
    ($pool:expr, $run:ident, $statement:expr) => {{
        let mut connection = $pool.acquire().await.map_err(failed)?;
        match tokio::time::timeout($crate::postgres::connect::PROMPT, $statement.$run(&mut *connection)).await
        {
            Ok(result) => result.map_err(failed),
            Err(late) => {
                drop(connection.detach());
                Err(StoreError::Unavailable(late.into()))
            }
        }
    }};
}
pub(super) use promptly;

/// The oldest version that is supported: 15.
const OLDEST: i32 = 150_000;
/// How long a call waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
const READERS: u32 = 4;
/// One follows the log, one renews the lease, one waits for others, one watches them, one listens.
const FOLLOWERS: u32 = 5;
/// For the limits of keys. Those that all keys share have a connection of their own: they wait for no key.
const BORROWERS: u32 = 2;
/// For what persons send on a day: no limit of a key waits for them.
const DAY_COUNTERS: u32 = 2;

/// Settings of every session. A session that stops in the middle of a write holds up all instances, so it is ended
/// sooner than a lease ends. Others are what Titan was written for, whatever the server's defaults are.
const SETTINGS: [(&str, &str); 6] = [
    ("statement_timeout", "10s"),
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "2s"),
    ("default_transaction_isolation", "read committed"),
    ("default_transaction_read_only", "off"),
    ("client_min_messages", "warning"),
];

/// The connections, by purpose.
pub(super) struct Pools {
    pub(super) writer: PgPool,
    pub(super) readers: PgPool,
    pub(super) log: PgPool,
    pub(super) shared_budgets: PgPool,
    pub(super) key_budgets: PgPool,
    pub(super) day_counts: PgPool,
}

pub(super) async fn open(url: &str) -> Result<Pools, ConnectError> {
    let options = PgConnectOptions::from_str(url).map_err(|_| ConnectError::Url)?;
    let options = options.application_name("titan");
    prepare(&options).await?;
    let options = options.options(SETTINGS);
    let borrowing = options.clone().options([("synchronous_commit", "off")]);
    Ok(Pools {
        writer: pool(&options, 1).await?,
        readers: pool(&options, READERS).await?,
        log: pool(&options, FOLLOWERS).await?,
        shared_budgets: pool(&borrowing, 1).await?,
        key_budgets: pool(&borrowing, BORROWERS).await?,
        day_counts: pool(&borrowing, DAY_COUNTERS).await?,
    })
}

/// What a person may see of a URL: no password, and no option.
pub(crate) fn name(url: &str) -> String {
    let Ok(options) = PgConnectOptions::from_str(url) else { return "postgres://…".to_owned() };
    let (user, database) = (options.get_username(), options.get_database());
    let database = database.unwrap_or(user);
    match options.get_socket() {
        Some(folder) => format!("postgres://{user}@/{database}?host={}", folder.display()),
        None => format!("postgres://{user}@{}:{}/{database}", options.get_host(), options.get_port()),
    }
}

/// Checks the server, and brings its tables up to date.
async fn prepare(options: &PgConnectOptions) -> Result<(), ConnectError> {
    let mut connection = options.connect().await.map_err(refused)?;
    check_server(&mut connection).await?;
    upgrade(&mut connection).await?;
    connection.close().await.map_err(refused)
}

/// One connection for a task that takes as long as it takes, to a server that was checked.
pub(crate) async fn connect_one(url: &str) -> Result<PgConnection, ConnectError> {
    let options = PgConnectOptions::from_str(url).map_err(|_| ConnectError::Url)?;
    let settings = SETTINGS.map(|(name, value)| match name {
        "statement_timeout" | "idle_in_transaction_session_timeout" => (name, "0"),
        _ => (name, value),
    });
    let options = options.application_name("titan migrate").options(settings);
    let connected = timeout(2 * PATIENCE, options.connect()).await;
    let mut connection =
        connected.map_err(|_| Error::Io(ErrorKind::TimedOut.into())).flatten().map_err(refused)?;
    check_server(&mut connection).await?;
    Ok(connection)
}

/// Brings the tables up to date.
pub(crate) async fn upgrade(connection: &mut PgConnection) -> Result<(), ConnectError> {
    let migrated = migrator().run(connection).await;
    migrated.map_err(|error| match error {
        sqlx::migrate::MigrateError::Execute(error) => refused(error),
        other => other.into(),
    })
}

/// Refuses tables that are not of this version, and leaves them as they are.
pub(crate) async fn check_version(connection: &mut PgConnection) -> Result<(), ConnectError> {
    if !setting(connection, "to_regclass('_sqlx_migrations') IS NOT NULL").await? {
        return Err(ConnectError::NotTitan);
    }
    let newest = "(SELECT coalesce(max(version), 0) FROM _sqlx_migrations)";
    migration::check(&migrator(), setting(connection, newest).await?)
}

async fn check_server(connection: &mut PgConnection) -> Result<(), ConnectError> {
    let version: i32 = setting(connection, "current_setting('server_version_num')::int").await?;
    if version < OLDEST {
        return Err(ConnectError::TooOld(version / 10_000));
    }
    if setting(connection, "pg_is_in_recovery()").await? {
        return Err(ConnectError::Standby);
    }
    // Such a server loses acknowledged commits in a crash, and a revocation is one.
    let commits: String = setting(connection, "current_setting('synchronous_commit')").await?;
    if commits == "off" {
        return Err(ConnectError::NotDurable);
    }
    Ok(())
}

async fn setting<T>(connection: &mut PgConnection, expression: &str) -> Result<T, ConnectError>
where
    T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
{
    let select = query_scalar(AssertSqlSafe(format!("SELECT {expression}")));
    select.fetch_one(connection).await.map_err(refused)
}

async fn pool(options: &PgConnectOptions, size: u32) -> Result<PgPool, ConnectError> {
    let pool = PgPoolOptions::new()
        .max_connections(size)
        .min_connections(1)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None);
    pool.connect_with(options.clone()).await.map_err(refused)
}
