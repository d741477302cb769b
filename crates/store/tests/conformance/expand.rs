//! Migrations of PostgreSQL are safe while the version before them still serves: they only add what it does not notice.

use crate::fixture::{Fixture, NOW, empty_postgres};
use crate::lists::all;
use crate::people::user;
use crate::stories::id;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use titan_core::audit::AuditFilter;
use titan_core::key::Which;
use titan_core::opaque::OpaqueFilter;
use titan_core::port::{Store, Tx};
use titan_core::revision::{CredentialId, Revision};
use titan_core::tenant::DEFAULT;
use titan_token::{InvitationToken, SessionId};

/// The migrations up to this one were released together, so no version ever ran between two of them.
const FIRST_RELEASE: &str = "0007";

/// A column: its type, and whether an insert may leave it out.
type Columns = BTreeMap<(String, String), (String, bool)>;

async fn columns(connection: &mut PgConnection) -> Columns {
    let rows = sqlx::query(
        "SELECT table_name::text AS t, column_name::text AS c, data_type::text AS d, \
         (is_nullable = 'YES' OR column_default IS NOT NULL) AS o \
         FROM information_schema.columns WHERE table_schema = 'public'",
    )
    .fetch_all(connection)
    .await
    .unwrap();
    rows.iter().map(|row| ((row.get("t"), row.get("c")), (row.get("d"), row.get("o")))).collect()
}

fn migrations() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

/// What the version before cannot live with: a column that is gone, or that its inserts would have to fill.
fn faults(before: &Columns, after: &Columns) -> Vec<String> {
    let lost = before.iter().filter(|(name, kind)| after.get(name).is_none_or(|now| now.0 != kind.0));
    let is_old_table = |table: &str| before.keys().any(|(old, _)| old == table);
    let demanded = after.iter().filter(|(name, (_, is_optional))| {
        !before.contains_key(name) && is_old_table(&name.0) && !is_optional
    });
    lost.chain(demanded).map(|((table, column), _)| format!("{table}.{column}")).collect()
}

#[tokio::test]
async fn each_migration_leaves_the_version_before_it_at_work() {
    let mut connection = PgConnection::connect(&empty_postgres()).await.unwrap();
    let mut before = Columns::new();
    for file in migrations() {
        let sql = std::fs::read_to_string(&file).unwrap();
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
        let after = columns(&mut connection).await;
        let name = file.file_name().unwrap().to_str().unwrap();
        if name > FIRST_RELEASE && !name.starts_with(FIRST_RELEASE) {
            assert_eq!(faults(&before, &after), Vec::<String>::new(), "{name}");
        }
        before = after;
    }
}

/// How often everything is read, so that each connection of a pool has prepared each statement: no pool has more.
const CONNECTIONS: usize = 6;

/// A prepared statement whose result has another form than before fails for as long as its connection lives.
pub(crate) async fn a_column_that_a_newer_version_adds_disturbs_no_statement(fixture: Fixture) {
    let store = &*fixture.store;
    read_often(store).await;
    let mut connection = PgConnection::connect(&fixture.url()).await.unwrap();
    for table in tables(&mut connection).await {
        let sql = format!("ALTER TABLE {table} ADD COLUMN of_a_newer_version bigint");
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    read_often(store).await;
}

async fn tables(connection: &mut PgConnection) -> Vec<String> {
    let select = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'";
    sqlx::query_scalar(select).fetch_all(connection).await.unwrap()
}

async fn read_often(store: &dyn Store) {
    for _ in 0..CONNECTIONS {
        read_keys(store).await;
        read_people(store).await;
        read_the_rest(store).await;
        // Dropped, so it leaves nothing.
        let mut tx = store.begin().await.unwrap();
        read_in(&mut *tx).await;
        read_people_in(&mut *tx).await;
    }
}

async fn read_keys(store: &dyn Store) {
    store.key(id(1)).await.unwrap();
    store.keys(&all()).await.unwrap();
    store.imported_keys(None, 9).await.unwrap();
    store.opaque_key(id(1)).await.unwrap();
    store.opaque_keys(DEFAULT, &OpaqueFilter { search: None, offset: 0, limit: 9 }).await.unwrap();
    store.signing_keys().await.unwrap();
    store.credential_state(CredentialId::Key(id(1)), DEFAULT).await.unwrap();
}

async fn read_people(store: &dyn Store) {
    let user = user(1).id;
    store.user(user).await.unwrap();
    store.users(None, 9).await.unwrap();
    store.members(DEFAULT, None, 9).await.unwrap();
    store.memberships(user).await.unwrap();
    store.has_second_factor(user).await.unwrap();
    store.sessions(user, NOW).await.unwrap();
    store.invitations(DEFAULT, NOW, 9).await.unwrap();
    store.find_invitation(&InvitationToken::from_random([1; 32]).1.hashed()).await.unwrap();
}

async fn read_the_rest(store: &dyn Store) {
    store.tenant(DEFAULT).await.unwrap();
    store.tenants(None, 9).await.unwrap();
    store.audit_after(0, 9).await.unwrap();
    store.audit(&AuditFilter { limit: 9, ..AuditFilter::default() }).await.unwrap();
    store.instances().await.unwrap();
    store.changes_after(Revision(0), 9).await.unwrap();
    store.live_sessions(None, 9).await.unwrap();
    store.settings().await.unwrap();
    store.seal_state().await.unwrap();
}

async fn read_in(tx: &mut dyn Tx) {
    tx.lookup_key(id(1)).await.unwrap();
    tx.descendants(id(1), Which::Living, 9).await.unwrap();
    tx.made_by(id(1), 9).await.unwrap();
    tx.owned_by(user(1).id, DEFAULT, NOW, 9).await.unwrap();
    tx.lookup_opaque(id(1)).await.unwrap();
    tx.opaque_of(user(1).id, DEFAULT, NOW).await.unwrap();
    tx.slots().await.unwrap();
    tx.swept().await.unwrap();
    tx.lookup_tenant(DEFAULT).await.unwrap();
    tx.add_tenant("new", NOW).await.unwrap();
    tx.answer("actor", "name", NOW).await.unwrap();
    tx.live_session(DEFAULT, "name").await.unwrap();
}

async fn read_people_in(tx: &mut dyn Tx) {
    let user = user(1);
    tx.lookup_user(user.id).await.unwrap();
    tx.find_user(&user.email).await.unwrap();
    tx.find_credentials(&user.email).await.unwrap();
    tx.membership(user.id, DEFAULT).await.unwrap();
    tx.memberships_of(user.id).await.unwrap();
    tx.second_factor(user.id).await.unwrap();
    tx.lookup_session(SessionId::new(id(1).uuid())).await.unwrap();
    tx.sessions_of(user.id, NOW).await.unwrap();
    tx.invitation(&InvitationToken::from_random([1; 32]).1.hashed()).await.unwrap();
}

#[test]
fn a_column_that_is_gone_or_demanded_is_a_fault() {
    let column = |name: &str, kind: &str, is_optional| {
        (("key".to_owned(), name.to_owned()), (kind.to_owned(), is_optional))
    };
    let before: Columns = [column("id", "bytea", false), column("label", "text", false)].into();
    let mut after: Columns = [column("id", "text", false), column("number", "bigint", false)].into();
    assert_eq!(faults(&before, &after), ["key.id", "key.label", "key.number"]);
    after = before.clone();
    after.extend([
        column("note", "text", true),
        (("new".to_owned(), "a".to_owned()), ("text".to_owned(), false)),
    ]);
    assert_eq!(faults(&before, &after), Vec::<String>::new());
}
