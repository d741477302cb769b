//! Backups of databases that this version, or this clock, did not make.

use crate::fixture::{Counter, NOW, SEAL, open, postgres, seal, sqlite};
use crate::stories::{add, id, key};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor, SqlSafeStr, SqliteConnection};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use titan_core::entropy::Entropy;
use titan_core::key::Key;
use titan_core::revision::Revision;
use titan_core::tenant::DEFAULT;
use titan_store::{BackupError, Location, Restore, Restored, back_up};
use titan_token::{KeyId, Uuid};

/// The migrations of an early version.
const EARLY: [(i64, &str, &str); 4] = [
    (1, "keys", include_str!("../../migrations/sqlite/0001_keys.sql")),
    (2, "revisions", include_str!("../../migrations/sqlite/0002_revisions.sql")),
    (3, "answers", include_str!("../../migrations/sqlite/0003_answers.sql")),
    (4, "audit", include_str!("../../migrations/sqlite/0004_audit.sql")),
];

async fn restore(backup: &Path, target: &Location) -> Result<Restored, BackupError> {
    restore_with(backup, target, Arc::new(Counter::new())).await
}

async fn restore_with(
    backup: &Path,
    target: &Location,
    entropy: Arc<dyn Entropy>,
) -> Result<Restored, BackupError> {
    let restore = Restore { backup, target, seal: seal(SEAL).into(), replaces: false, now: NOW };
    restore.run(entropy, &mut |_| {}).await
}

/// Opens the copy while it is changed, and reads it to the end of the test.
struct Reader {
    copy: PathBuf,
    connection: Mutex<Option<SqliteConnection>>,
    counter: Counter,
}

impl Entropy for Reader {
    fn fill(&self, bytes: &mut [u8]) {
        let mut connection = self.connection.lock().unwrap();
        if connection.is_none() {
            *connection = Some(read(self.copy.clone()));
        }
        self.counter.fill(bytes);
    }
}

/// A connection that reads this database. A thread of its own, because the test's is in the middle of the restore.
fn read(database: PathBuf) -> SqliteConnection {
    let read = async move {
        let mut connection = SqliteConnectOptions::new().filename(database).connect().await.unwrap();
        connection.execute("BEGIN; SELECT count(*) FROM key").await.unwrap();
        connection
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    std::thread::spawn(move || runtime.block_on(read)).join().unwrap()
}

/// Without its log, the file is the backup, in which everything still works.
#[tokio::test]
async fn a_copy_whose_log_cannot_be_written_into_it_does_not_take_the_place() {
    let fixture = sqlite().await;
    let folder = tempfile::tempdir().unwrap();
    let (file, target) = (folder.path().join("backup"), folder.path().join("new.db"));
    back_up(fixture.location(), &file, &mut |_| {}).await.unwrap();
    let copy = folder.path().join("new.db.restoring");
    let reader = Reader { copy: copy.clone(), connection: Mutex::default(), counter: Counter::new() };
    let reader = Arc::new(reader);
    let target = Location::Sqlite(target);
    let error = restore_with(&file, &target, Arc::<Reader>::clone(&reader)).await.unwrap_err();
    assert!(matches!(&error, BackupError::NotClosed(path, _) if *path == copy), "{error}");
    assert!(reader.connection.lock().unwrap().is_some());
    assert!(!target.file().unwrap().exists());
    assert!(!folder.path().join("new.db.restored").exists());
}

/// SQLite applies a log to whatever database has its name.
#[tokio::test]
async fn the_log_of_a_restore_that_was_killed_is_not_applied_to_the_next_copy() {
    let (fixture, other) = (sqlite().await, sqlite().await);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup");
    back_up(fixture.location(), &file, &mut |_| {}).await.unwrap();
    add(&*other.store, &[key(1)]).await;
    let log = with_suffix(&other.file(), "-wal");
    for left in [&[][..], &["", "-shm", "-journal"]] {
        let target = folder.path().join(format!("{}.db", left.len()));
        let copy = with_suffix(&target, ".restoring");
        for part in left {
            std::fs::write(with_suffix(&copy, part), "of a restore that was killed").unwrap();
        }
        std::fs::copy(&log, with_suffix(&copy, "-wal")).unwrap();
        let target = Location::Sqlite(target);
        restore(&file, &target).await.unwrap();
        let (store, _) = open(&target, &[]).await.unwrap();
        assert_eq!(store.key(id(1)).await.unwrap(), None);
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

#[tokio::test]
async fn a_backup_of_an_older_version_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old.db");
    let options = SqliteConnectOptions::new().filename(&old).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    let migrations = EARLY.map(|(version, about, sql)| {
        Migration::new(version, about.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.into()).run(&mut connection).await.unwrap();
    sqlx::query("INSERT INTO tenant VALUES (1, 'default', 1, NULL, 1)")
        .execute(&mut connection)
        .await
        .unwrap();
    drop(connection);
    let file = folder.path().join("backup");
    let contents = back_up(&Location::Sqlite(old), &file, &mut |_| {}).await.unwrap();
    assert_eq!((contents.tenants, contents.users), (1, 0));
    let target = Location::Sqlite(folder.path().join("new.db"));
    let restored = restore(&file, &target).await.unwrap();
    assert_eq!((restored.ended.tenants, restored.contents.audit_break), (1, None));
    let (store, _) = open(&target, &[]).await.unwrap();
    assert_eq!(store.signing_keys().await.unwrap().len(), 1);
}

/// A key whose issuer's clock was ahead. The not-before of its tenant is later still.
#[tokio::test]
async fn the_not_before_is_above_every_key_of_the_backup() {
    for fixture in [sqlite().await, postgres().await] {
        let ahead = NOW.plus_secs(5000);
        let ahead_id = KeyId::new(Uuid::v7(ahead.ms().unsigned_abs(), [1; 10]));
        let mut tx = fixture.store.begin().await.unwrap();
        for key in [key(1), Key { id: ahead_id, ..key(2) }] {
            tx.add_key(&key).await.unwrap();
        }
        tx.commit().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("backup");
        back_up(fixture.location(), &file, &mut |_| {}).await.unwrap();
        let target = Location::Sqlite(folder.path().join("new.db"));
        restore(&file, &target).await.unwrap();
        let (store, _) = open(&target, &[]).await.unwrap();
        let tenant = store.tenant(DEFAULT).await.unwrap().unwrap();
        assert!(tenant.not_before.unwrap() > ahead, "{tenant:?}");
        assert_eq!(store.key(id(1)).await.unwrap(), Some(key(1)));
        let head = store.changes_after(Revision(0), 10).await.unwrap().head;
        assert!((1..=64).contains(&head.generation()), "{head}");
    }
}
