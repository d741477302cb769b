//! The budgets of limits. There is one instance, so they are in memory; a file beside the database has them for the next
//! start. It does not wait for the disk: a process that is killed loses nothing, a power cut forgets a window.

use super::Sqlite;
use super::error::{column, failed};
use crate::stored::{limited, limited_of};
use async_trait::async_trait;
use sqlx::pool::PoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{SqlitePool, query};
use std::collections::HashMap;
use std::fs::remove_file;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use titan_core::client_token::Day;
use titan_core::limit::{Ask, Budget, Budgets, KEPT_TICKS, Loan, Person, Subject};
use titan_core::port::{StoreError, StoreResult};
use titan_core::time::Uptime;

const TABLE: &str = "budget";
/// How many rows leave at once.
const PIECE: i64 = 1000;

/// The budgets of the one instance.
pub(super) struct Ledger {
    budgets: Mutex<State>,
    file: SqlitePool,
}

#[derive(Default)]
struct State {
    budgets: HashMap<Subject, Budget>,
    /// The clock of the budgets never goes back while the program runs. `None` before its first use.
    latest: Option<Duration>,
}

impl Ledger {
    /// Reads the file. One that is broken is made anew: it has nothing that is needed after a day.
    pub(super) async fn open(database: &Path) -> StoreResult<Self> {
        let path = crate::with_suffix(database, ".limits");
        match Self::read(&path).await {
            Ok(ledger) => Ok(ledger),
            // Busy, or no file descriptor is left: it is not broken.
            Err(error @ StoreError::Unavailable(_)) => Err(error),
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "what was counted for limits cannot be read");
                for suffix in ["", "-wal", "-shm"] {
                    remove_file(crate::with_suffix(&path, suffix)).ok();
                }
                Self::read(&path).await
            }
        }
    }

    async fn read(path: &Path) -> StoreResult<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Off);
        let file = PoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let file = file.connect_with(options).await.map_err(failed)?;
        for create in [
            "CREATE TABLE IF NOT EXISTS budget \
             (subject BLOB PRIMARY KEY, booked BLOB NOT NULL, last_tick INTEGER NOT NULL) WITHOUT ROWID",
            "CREATE INDEX IF NOT EXISTS budget_by_last_tick ON budget (last_tick)",
            "CREATE TABLE IF NOT EXISTS client_day (day INTEGER NOT NULL, person BLOB NOT NULL, \
             sent INTEGER NOT NULL, PRIMARY KEY (day, person)) WITHOUT ROWID",
        ] {
            query(create).execute(&file).await.map_err(failed)?;
        }
        let mut state = State::default();
        for row in query("SELECT subject, booked FROM budget").fetch_all(&file).await.map_err(failed)? {
            let corrupt = |column| StoreError::Corrupt { table: TABLE, column };
            // A newer version may count what this one does not know.
            let Some(subject) = limited_of(column(&row, TABLE, "subject")?) else { continue };
            let budget = Budget::from_bytes(column(&row, TABLE, "booked")?).ok_or(corrupt("booked"))?;
            state.budgets.insert(subject, budget);
        }
        Ok(Self { budgets: Mutex::new(state), file })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.budgets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lend(&self, subject: Subject, ask: &Ask, now: Uptime) -> (Loan, Budget) {
        let mut state = self.lock();
        let now = state.advance(now);
        let budget = state.budgets.entry(subject).or_default();
        let loan = budget.lend(now, &Ask { is_alone: true, ..*ask });
        (loan, budget.clone())
    }

    pub(super) async fn count_daily(&self, person: Person, day: Day, most: u32) -> StoreResult<bool> {
        let count = query(
            "INSERT INTO client_day (day, person, sent) VALUES (?1, ?2, 1) \
             ON CONFLICT (day, person) DO UPDATE SET sent = sent + 1 WHERE sent < ?3",
        );
        let count = count.bind(day.0).bind(person.as_bytes().to_vec()).bind(most);
        Ok(count.execute(&self.file).await.map_err(failed)?.rows_affected() > 0)
    }

    pub(super) async fn sweep_days(&self, before: Day) -> StoreResult<()> {
        loop {
            let sweep = query(
                "DELETE FROM client_day WHERE (day, person) IN \
                 (SELECT day, person FROM client_day WHERE day < ? LIMIT ?)",
            );
            let swept = sweep.bind(before.0).bind(PIECE).execute(&self.file).await.map_err(failed)?;
            if swept.rows_affected() < PIECE.unsigned_abs() {
                return Ok(());
            }
        }
    }

    async fn write(&self, subject: Subject, budget: &Budget) -> StoreResult<()> {
        query("INSERT OR REPLACE INTO budget (subject, booked, last_tick) VALUES (?, ?, ?)")
            .bind(limited(subject))
            .bind(budget.to_bytes())
            .bind(budget.last().unwrap_or_default().0)
            .execute(&self.file)
            .await
            .map(|_| ())
            .map_err(failed)
    }
}

impl State {
    fn advance(&mut self, now: Uptime) -> Duration {
        let now = now.since(Uptime::default());
        if self.latest.is_none() {
            // After a start of the machine, what the file has may lie in the future: it counts from now.
            self.budgets.values_mut().for_each(|budget| budget.begin_at(now));
        }
        *self.latest.insert(self.latest.unwrap_or_default().max(now))
    }
}

#[async_trait]
impl Budgets for Sqlite {
    async fn borrow(&self, subject: Subject, ask: &Ask, now: Uptime) -> StoreResult<Loan> {
        let (loan, budget) = self.ledger.lend(subject, ask, now);
        // On a full disk, requests go on: only a start that follows would not know of this loan.
        if let Err(error) = self.ledger.write(subject, &budget).await {
            tracing::warn!(%error, "what is counted for limits cannot be written");
        }
        Ok(loan)
    }

    async fn sweep_budgets(&self, now: Uptime) -> StoreResult<()> {
        let before = {
            let mut state = self.ledger.lock();
            let now = i64::try_from(state.advance(now).as_secs()).unwrap_or(i64::MAX);
            let before = now - KEPT_TICKS;
            state.budgets.retain(|_, budget| budget.last().is_some_and(|tick| tick.0 >= before));
            before
        };
        // What lies in the future is of before a start of the machine, and in memory it is not any more.
        loop {
            let sweep = query(
                "DELETE FROM budget WHERE subject IN \
                 (SELECT subject FROM budget WHERE last_tick < ?1 OR last_tick > ?2 LIMIT ?3)",
            );
            let sweep = sweep.bind(before).bind(before + 2 * KEPT_TICKS).bind(PIECE);
            let swept = sweep.execute(&self.ledger.file).await.map_err(failed)?;
            if swept.rows_affected() < PIECE.unsigned_abs() {
                return Ok(());
            }
        }
    }
}
