//! Databases that this version cannot have made, and files that were edited.

use crate::fixture::{open, sqlite};
use aws_lc_rs::digest::{SHA384, digest};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use std::path::Path;
use titan_store::ConnectError;

async fn sql(database: &Path, statement: &'static str) -> Result<(), sqlx::Error> {
    let mut connection = SqliteConnectOptions::new().filename(database).connect().await?;
    sqlx::query(statement).execute(&mut connection).await.map(|_| ())
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let fixture = sqlite().await;
    sql(
        &fixture.file(),
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'x', 1, x'00', 0)",
    )
    .await
    .unwrap();
    let error = fixture.reopen(&[]).await.err().unwrap();
    assert!(matches!(error, ConnectError::Newer(9999)), "{error}");
    assert!(error.to_string().contains("newer Titan"));
}

#[tokio::test]
async fn a_database_is_opened_once() {
    let fixture = sqlite().await;
    let location = titan_store::Location::Sqlite(fixture.file());
    assert!(matches!(open(&location, &[]).await.err().unwrap(), ConnectError::Locked(_)));
    fixture.reopen(&[]).await.unwrap();
}

#[tokio::test]
async fn the_audit_log_cannot_be_edited() {
    let fixture = sqlite().await;
    let mut tx = fixture.store.begin().await.unwrap();
    let entry =
        titan_core::audit::Entry::by_system(crate::fixture::NOW, "x", String::new(), serde_json::Value::Null);
    tx.add_audit(&entry).await.unwrap();
    tx.commit().await.unwrap();
    for statement in ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"] {
        let error = sql(&fixture.file(), statement).await.err().unwrap();
        assert!(error.to_string().contains("append only"), "{error}");
    }
}

/// Released migrations are in databases out there: each has the checksum that it was released with.
#[test]
fn released_migrations_are_never_edited() {
    let released = [
        ("0001_keys.sql", include_bytes!("../../migrations/sqlite/0001_keys.sql").as_slice()),
        ("0002_revisions.sql", include_bytes!("../../migrations/sqlite/0002_revisions.sql")),
        ("0003_answers.sql", include_bytes!("../../migrations/sqlite/0003_answers.sql")),
        ("0004_audit.sql", include_bytes!("../../migrations/sqlite/0004_audit.sql")),
        ("0005_status.sql", include_bytes!("../../migrations/sqlite/0005_status.sql")),
    ];
    let lines: String = released
        .iter()
        .map(|(name, text)| {
            let hash: String =
                digest(&SHA384, text).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{hash}  {name}\n")
        })
        .collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let count = std::fs::read_dir(folder.join("sqlite")).unwrap().count();
    assert_eq!(count, released.len(), "a new migration must be listed here");
    assert_eq!(lines, std::fs::read_to_string(folder.join("sqlite.sha384")).unwrap());
}
