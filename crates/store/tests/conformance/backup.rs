//! Backups of databases that this version, or this clock, did not make.

use crate::fixture::{Counter, NOW, SEAL, open, postgres, seal, sqlite};
use crate::stories::{id, key};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqlSafeStr};
use std::path::Path;
use std::sync::Arc;
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
    let restore = Restore { backup, target, seal: seal(SEAL).into(), replaces: false, now: NOW };
    restore.run(Arc::new(Counter::new()), &mut |_| {}).await
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
