//! Databases that this version cannot have made, and files that were edited.

use crate::fixture::{open, postgres, sqlite};
use crate::lists::all;
use crate::stories::id;
use aws_lc_rs::digest::{SHA384, digest};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};
use std::path::Path;
use titan_core::key::{Creator, Key, KeyFilter, Sort};
use titan_core::revision::{Change, Revision};
use titan_store::ConnectError;
use titan_token::{KeyId, ScopeBit};

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

/// A newer version runs beside this one, and writes what this one does not know.
#[tokio::test]
async fn a_change_of_an_unknown_kind_is_passed_over() {
    let fixture = sqlite().await;
    let before = fixture.store.changes_after(Revision(0), 10).await.unwrap().head;
    sql(&fixture.file(), "UPDATE revision_head SET revision = revision + 1").await.unwrap();
    let insert = "INSERT INTO change (revision, kind, subject, status) SELECT revision, 99, x'00', 'x' FROM revision_head";
    sql(&fixture.file(), insert).await.unwrap();
    let changes = fixture.store.changes_after(before, 10).await.unwrap();
    assert_eq!(changes.list.decode().unwrap(), [(Revision(before.0 + 1), Change::Other)]);
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

#[tokio::test]
async fn the_audit_log_cannot_be_edited_on_postgres_either() {
    let fixture = postgres().await;
    let mut tx = fixture.store.begin().await.unwrap();
    let entry =
        titan_core::audit::Entry::by_system(crate::fixture::NOW, "x", String::new(), serde_json::Value::Null);
    tx.add_audit(&entry).await.unwrap();
    tx.commit().await.unwrap();
    let mut connection = PgConnection::connect(&fixture.url()).await.unwrap();
    for statement in ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit", "TRUNCATE audit"] {
        let error = connection.execute(statement).await.err().unwrap();
        assert!(error.to_string().contains("append only"), "{error}");
    }
}

/// Rows as the version before lists were sorted wrote them.
const OLD_ROWS: &str = "\
    INSERT INTO key (id, tenant, prefix, slot, label, scopes, created_at, expires_at, is_active, created_by, revoked_at) \
    VALUES (x'018BCFE5680171018101010101010101', 1, 0, 0, 'Größe 100%', x'0001207f', 1, 2000, 1, NULL, NULL), \
           (x'018BCFE5680272028202020202020202', 1, 0, 0, 'ab', x'01', 1, 1000, 0, x'018BCFE5680171018101010101010101', NULL), \
           (x'018BCFE5680373038303030303030303', 1, 0, 0, 'Größe', x'01', 1, 1000, 1, NULL, 5)";

/// The migration names the terms of the keys that it finds; the program names those of the keys that it writes.
#[tokio::test]
async fn keys_of_before_are_found_renamed_and_revoked_as_if_they_were_new() {
    let fixture = sqlite().await;
    let file = fixture.file();
    for statement in [
        "DROP TABLE key_term",
        "DROP TABLE key_number",
        "DROP INDEX key_by_number",
        "DROP INDEX key_by_tenant_number",
        "DROP INDEX key_by_expiry",
        "DROP INDEX key_by_tenant_expiry",
        "DROP INDEX key_by_use",
        "DROP INDEX key_by_tenant_use",
        "ALTER TABLE key DROP COLUMN number",
        "CREATE INDEX key_by_tenant ON key (tenant, id)",
        "DROP TABLE move_out",
        "DROP INDEX key_by_end",
        "ALTER TABLE revision_head DROP COLUMN swept_until",
        "ALTER TABLE revision_head DROP COLUMN log_swept_until",
        "DROP TABLE session",
        "DROP TABLE second_factor",
        "DROP TABLE invitation",
        "DROP TABLE opaque_key",
        "DROP TABLE member",
        "DROP TABLE person",
        "DROP TABLE attempt",
        "DROP TABLE live_session",
        "DROP TABLE imported_key",
        "DROP TABLE seal",
        "DROP TABLE usage",
        "DROP TABLE usage_flush",
        "DROP TABLE last_client",
        "DROP INDEX audit_by_time",
        "DROP INDEX audit_by_actor",
        "DROP INDEX audit_by_action",
        "DROP INDEX audit_by_subject",
        "ALTER TABLE key DROP COLUMN rate_limit",
        "ALTER TABLE key DROP COLUMN limited_as",
        "ALTER TABLE key DROP COLUMN is_owned",
        "ALTER TABLE key DROP COLUMN is_suspended",
        "DELETE FROM _sqlx_migrations WHERE version >= 6",
        OLD_ROWS,
    ] {
        sql(&file, statement).await.unwrap();
    }
    let fixture = fixture.reopen(&[]).await.unwrap();
    let listed = async |filter: &KeyFilter| {
        let keys = fixture.store.keys(filter).await.unwrap().keys;
        keys.into_iter().map(|key| key.label).collect::<Vec<_>>()
    };
    let first: KeyId = id(1);
    for (filter, labels) in [
        (all(), vec!["ab", "Größe 100%"]),
        (KeyFilter { label: Some("grö".to_owned()), ..all() }, vec!["Größe 100%"]),
        (KeyFilter { label: Some("ße 100%".to_owned()), ..all() }, vec!["Größe 100%"]),
        (KeyFilter { label: Some("ab".to_owned()), ..all() }, vec!["ab"]),
        (KeyFilter { created_by: Some(Creator::Master), ..all() }, vec!["Größe 100%"]),
        (KeyFilter { created_by: Some(Creator::Key(first)), ..all() }, vec!["ab"]),
        (KeyFilter { scope: ScopeBit::new(0), ..all() }, vec!["Größe 100%"]),
        (KeyFilter { scope: ScopeBit::new(1), ..all() }, vec!["ab", "Größe 100%"]),
        (KeyFilter { scope: ScopeBit::new(32), ..all() }, vec!["Größe 100%"]),
        (KeyFilter { scope: ScopeBit::new(127), ..all() }, vec!["Größe 100%"]),
        (KeyFilter { is_active: Some(false), ..all() }, vec!["ab"]),
        (KeyFilter { sort: Sort::LastUsed, ..all() }, vec!["ab", "Größe 100%"]),
        (KeyFilter { sort: Sort::Expires, ..all() }, vec!["Größe 100%", "ab"]),
    ] {
        assert_eq!(listed(&filter).await, labels, "{filter:?}");
    }
    let key = fixture.store.key(first).await.unwrap().unwrap();
    assert_eq!(key.last_used_at, None);
    let mut tx = fixture.store.begin().await.unwrap();
    tx.save_key(&Key { label: "renamed".to_owned(), ..key }).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(listed(&KeyFilter { label: Some("grö".to_owned()), ..all() }).await, [""; 0]);
    assert_eq!(listed(&KeyFilter { label: Some("renamed".to_owned()), ..all() }).await, ["renamed"]);
    // Terms that are taken out and were never there leave the index unsound.
    sql(&file, "INSERT INTO key_term (key_term) VALUES ('integrity-check')").await.unwrap();
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
        ("0006_key_lists.sql", include_bytes!("../../migrations/sqlite/0006_key_lists.sql")),
        ("0008_moves.sql", include_bytes!("../../migrations/sqlite/0008_moves.sql")),
        ("0009_sweeping.sql", include_bytes!("../../migrations/sqlite/0009_sweeping.sql")),
        ("0010_people.sql", include_bytes!("../../migrations/sqlite/0010_people.sql")),
        ("0011_sessions.sql", include_bytes!("../../migrations/sqlite/0011_sessions.sql")),
        ("0012_attempts.sql", include_bytes!("../../migrations/sqlite/0012_attempts.sql")),
        ("0013_owned_keys.sql", include_bytes!("../../migrations/sqlite/0013_owned_keys.sql")),
        ("0014_second_factors.sql", include_bytes!("../../migrations/sqlite/0014_second_factors.sql")),
        ("0015_invitations.sql", include_bytes!("../../migrations/sqlite/0015_invitations.sql")),
        ("0016_opaque_keys.sql", include_bytes!("../../migrations/sqlite/0016_opaque_keys.sql")),
        ("0017_audit_lists.sql", include_bytes!("../../migrations/sqlite/0017_audit_lists.sql")),
        ("0018_limits.sql", include_bytes!("../../migrations/sqlite/0018_limits.sql")),
        ("0019_live_sessions.sql", include_bytes!("../../migrations/sqlite/0019_live_sessions.sql")),
        ("0020_imported_keys.sql", include_bytes!("../../migrations/sqlite/0020_imported_keys.sql")),
        ("0021_seal.sql", include_bytes!("../../migrations/sqlite/0021_seal.sql")),
        ("0023_usage.sql", include_bytes!("../../migrations/sqlite/0023_usage.sql")),
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
