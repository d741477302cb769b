//! Migrations of PostgreSQL are safe while the version before them still serves: they only add what it does not notice.

use crate::fixture::empty_postgres;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
