//! Stories of moves from SQLite to PostgreSQL.

use crate::fixture::{Closed, Counter, NOW, empty_postgres, open, postgres, sqlite};
use crate::lists::all;
use crate::people;
use crate::stories::{add, id, key, slot_key};
use crate::usage;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, query, raw_sql};
use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use titan_core::audit::{Entry, GENESIS, first_break};
use titan_core::idempotency::Answer;
use titan_core::key::{Creator, Key, KeyFilter, Order, Sort};
use titan_core::port::Store;
use titan_core::revision::{Change, KeyStatus, Revision};
use titan_core::tenant::DEFAULT;
use titan_store::{ConnectError, Location, MoveError, Progress, Report, Step, move_database, undo_move};
use titan_token::{KeyId, ScopeBit, TenantId, Uuid};

/// More than two pages of keys.
const KEYS: u64 = 4_100;

fn moved_key(n: u64, tenant: TenantId) -> Key {
    let times = i64::try_from(n % 977).unwrap();
    Key {
        // In the order of ids, keys that were created one after another are far from each other.
        id: KeyId::new(Uuid::v7(1_700_000_000_000 + n * 7_919 % KEYS, [1; 10])),
        tenant: if n.is_multiple_of(3) { tenant } else { DEFAULT },
        label: format!("key {n} \\ \t\"{{ö}}\" {}", if n.is_multiple_of(2) { "even" } else { "odd" }),
        is_active: !n.is_multiple_of(7),
        revoked_at: n.is_multiple_of(5).then_some(NOW),
        retires_at: n.is_multiple_of(11).then_some(NOW.plus_secs(times)),
        created_by: if n.is_multiple_of(13) { Creator::Key(id(1)) } else { Creator::Master },
        is_suspended: n.is_multiple_of(17),
        last_used_at: n.is_multiple_of(2).then_some(NOW.plus_secs(times)),
        expires_at: NOW.plus_secs(1000 + times),
        ..key(1)
    }
}

async fn fill(store: &dyn Store) {
    let mut tx = store.begin().await.unwrap();
    let tenant = tx.add_tenant("Größe \\N", NOW).await.unwrap();
    tx.put_slot(&slot_key(0, 1)).await.unwrap();
    tx.put_slot(&slot_key(9, 2)).await.unwrap();
    for n in 0..KEYS {
        let key = moved_key(n, tenant.id);
        tx.add_key(&key).await.unwrap();
        let status = KeyStatus { is_revoked: key.revoked_at.is_some(), ..KeyStatus::default() };
        tx.record_change(&Change::Key(key.id, status)).await.unwrap();
        let entry = Entry::by_system(NOW, "key.create", key.id.to_string(), json!({ "text": "\\ \n\u{e9}" }));
        tx.add_audit(&entry).await.unwrap();
    }
    people::fill(&mut *tx).await;
    // Their bytes have another order than a dictionary.
    for name in ["b", "B", "ä", "a", "Z"] {
        let answer =
            Answer { fingerprint: [3; 32], key: id(1), label: "x".to_owned(), is_active: true, at: NOW };
        tx.add_answer("master", name, &answer).await.unwrap();
    }
    tx.commit().await.unwrap();
    usage::fill(store).await;
}

fn new_postgres() -> Location {
    Location::Postgres(empty_postgres())
}

async fn source() -> Closed {
    let fixture = sqlite().await;
    fill(&*fixture.store).await;
    fixture.close()
}

/// Moves until `is_end`; `None` if that came before the end.
async fn move_until(
    from: &Location,
    to: &Location,
    is_end: impl Fn(Progress) -> bool,
) -> Option<Result<Report, MoveError>> {
    let stopped = Cell::new(false);
    let entropy = Counter::new();
    let mut tell = |progress| stopped.set(stopped.get() || is_end(progress));
    let mut moving = pin!(move_database(from, to, NOW, &entropy, &mut tell));
    poll_fn(|context| match moving.as_mut().poll(context) {
        _ if stopped.get() => Poll::Ready(None),
        polled => polled.map(Some),
    })
    .await
}

async fn migrate(from: &Location, to: &Location) -> Result<Report, MoveError> {
    move_until(from, to, |_| false).await.unwrap()
}

pub(crate) async fn sql(to: &Location, statement: &'static str) {
    let Location::Postgres(url) = to else { return };
    let mut connection = PgConnection::connect(url).await.unwrap();
    raw_sql(statement).execute(&mut connection).await.unwrap();
}

pub(crate) async fn sql_of_source(from: &Location, statement: &'static str) {
    let mut connection = SqliteConnectOptions::new().filename(from.file().unwrap()).connect().await.unwrap();
    query(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// All keys of a list, in its order.
async fn walk(store: &dyn Store, filter: &KeyFilter) -> Vec<Key> {
    let (mut filter, mut keys) = (filter.clone(), Vec::new());
    loop {
        let page = store.keys(&filter).await.unwrap();
        keys.extend(page.keys);
        filter.after = page.next;
        if filter.after.is_none() {
            return keys;
        }
    }
}

fn filters() -> Vec<KeyFilter> {
    let some = [
        all(),
        KeyFilter { label: Some("even".to_owned()), ..all() },
        KeyFilter { label: Some("\"{ö}\"".to_owned()), ..all() },
        KeyFilter { created_by: Some(Creator::Key(id(1))), ..all() },
        KeyFilter { created_by: Some(Creator::Master), tenant: Some(TenantId(2)), ..all() },
        KeyFilter { is_active: Some(false), ..all() },
        KeyFilter { scope: ScopeBit::new(127), ..all() },
    ];
    let sorted = |filter: &KeyFilter| {
        let sorts = Sort::ALL.into_iter().flat_map(|sort| Order::ALL.map(|order| (sort, order)));
        sorts.map(|(sort, order)| KeyFilter { sort, order, ..filter.clone() }).collect::<Vec<_>>()
    };
    some.iter().flat_map(sorted).collect()
}

/// Undoes the move, and compares what both show.
async fn assert_equal(from: &Location, to: &Location) {
    undo_move(from).await.unwrap();
    let (old, _) = open(from, &[]).await.unwrap();
    let (new, _) = open(to, &[]).await.unwrap();
    for filter in filters() {
        let (of_old, of_new) = (walk(&*old, &filter).await, walk(&*new, &filter).await);
        assert!(!of_old.is_empty() && of_old == of_new, "{filter:?}: {} {}", of_old.len(), of_new.len());
    }
    for n in 0..KEYS {
        let id = moved_key(n, TenantId(2)).id;
        assert_eq!(old.key(id).await.unwrap(), new.key(id).await.unwrap());
    }
    let log = async |store: &dyn Store| store.changes_after(Revision(0), u32::MAX).await.unwrap();
    let (of_old, of_new) = (log(&*old).await, log(&*new).await);
    assert_eq!((of_old.head, of_old.list.decode().unwrap()), (of_new.head, of_new.list.decode().unwrap()));
    let audit = async |store: &dyn Store| store.audit_after(0, 1_000_000).await.unwrap();
    let (of_old, of_new) = (audit(&*old).await, audit(&*new).await);
    assert_eq!(first_break(GENESIS, &of_new), None);
    assert_eq!(of_old.last().unwrap().hash, of_new.last().unwrap().hash);
    assert_eq!(old.tenants(None, 10).await.unwrap(), new.tenants(None, 10).await.unwrap());
    assert_eq!(old.signing_keys().await.unwrap().len(), new.signing_keys().await.unwrap().len());
    people::assert_equal(&*old, &*new).await;
    let mut tx = new.begin().await.unwrap();
    assert!(tx.answer("master", "ä", NOW).await.unwrap().is_some());
    // What is new comes after all that was moved.
    tx.add_key(&key(200)).await.unwrap();
    assert_eq!(
        tx.record_change(&Change::Key(id(200), KeyStatus::default())).await.unwrap(),
        Revision(KEYS + 1)
    );
    tx.add_audit(&Entry::by_system(NOW, "x", String::new(), json!({}))).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(walk(&*new, &all()).await[0].id, id(200));
}

#[tokio::test]
async fn all_moves_and_is_equal() {
    let (from, to) = (source().await, new_postgres());
    let report = migrate(&from.location, &to).await.unwrap();
    let rows = |name| report.tables.iter().find(|sum| sum.table == name).unwrap().rows;
    assert_eq!((rows("key"), rows("audit"), rows("change")), (KEYS, KEYS, KEYS));
    assert_eq!((rows("tenant"), rows("signing_key"), rows("answer"), report.resumed), (2, 2, 5, 0));
    let error = open(&from.location, &[]).await.err().unwrap();
    assert!(matches!(&error, ConnectError::Moved(_, place, _) if *place == to.to_string()), "{error}");
    let again = migrate(&from.location, &to).await.unwrap_err();
    assert!(matches!(&again, MoveError::AlreadyMoved(place) if *place == to.to_string()), "{again}");
    let elsewhere = migrate(&from.location, &new_postgres()).await.unwrap_err();
    assert!(matches!(elsewhere, MoveError::AlreadyMoved(_)), "{elsewhere}");
    assert_equal(&from.location, &to).await;
}

#[tokio::test]
async fn a_move_that_was_interrupted_goes_on_where_it_stopped() {
    let (from, to) = (source().await, new_postgres());
    for rows in [0, 100, 3_000, 5_000, 9_000, 12_000] {
        let is_there = |progress: Progress| progress.step == Step::Copy && progress.done >= rows;
        assert!(move_until(&from.location, &to, is_there).await.is_none());
        let error = open(&to, &[]).await.err().unwrap();
        assert!(matches!(error, ConnectError::Unfinished(_)), "{error}");
    }
    let is_comparing = |progress: Progress| progress.step == Step::Check && progress.table == "audit";
    assert!(move_until(&from.location, &to, is_comparing).await.is_none());
    let report = migrate(&from.location, &to).await.unwrap();
    assert_eq!(report.resumed, report.tables.iter().map(|sum| sum.rows).sum::<u64>() - 2);
    assert_equal(&from.location, &to).await;
}

#[tokio::test]
async fn a_copy_is_made_anew_if_titan_ran_on_the_source_meanwhile() {
    let (from, to) = (source().await, new_postgres());
    let has_keys = |progress: Progress| progress.table == "change";
    assert!(move_until(&from.location, &to, has_keys).await.is_none());
    let (store, _) = open(&from.location, &[]).await.unwrap();
    // Before and behind the place where the copy stopped.
    add(&*store, &[Key { id: KeyId::new(Uuid::v7(1, [1; 10])), ..key(1) }]).await;
    let mut tx = store.begin().await.unwrap();
    let first = moved_key(1, DEFAULT);
    tx.save_key(&Key { revoked_at: Some(NOW), ..first.clone() }).await.unwrap();
    tx.commit().await.unwrap();
    drop(store);
    migrate(&from.location, &to).await.unwrap();
    let (store, _) = open(&to, &[]).await.unwrap();
    assert_eq!(store.key(first.id).await.unwrap().unwrap().revoked_at, Some(NOW));
    drop(store);
}

#[tokio::test]
async fn a_row_that_was_changed_is_found_and_the_source_stays_usable() {
    let changes = [
        ("UPDATE key SET label = label || ' ' WHERE number = 4000", "key"),
        ("UPDATE key SET revoked_at = NULL WHERE number = 1", "key"),
        ("DELETE FROM change WHERE revision = 1", "change"),
        ("INSERT INTO tenant VALUES (77, 'x', true, NULL, 1)", "tenant"),
        ("UPDATE signing_key SET secret = secret || '\\x00'", "signing_key"),
    ];
    let from = source().await;
    for (statement, table) in changes {
        let to = new_postgres();
        let is_copied = |progress: Progress| progress.step == Step::Check;
        assert!(move_until(&from.location, &to, is_copied).await.is_none());
        sql(&to, statement).await;
        let error = migrate(&from.location, &to).await.unwrap_err();
        assert!(matches!(&error, MoveError::Different(sum, _) if sum.table == table), "{statement}: {error}");
        open(&from.location, &[]).await.unwrap();
        assert!(open(&to, &[]).await.is_err());
    }
}

#[tokio::test]
async fn an_audit_log_that_was_edited_is_found() {
    let (from, to) = (source().await, new_postgres());
    sql_of_source(&from.location, "DROP TRIGGER audit_is_not_edited").await;
    sql_of_source(&from.location, "UPDATE audit SET actor = 'nobody' WHERE sequence = 3000").await;
    let error = migrate(&from.location, &to).await.unwrap_err();
    assert!(matches!(error, MoveError::Chain(Some(3000))), "{error}");
    open(&from.location, &[]).await.unwrap();
}

#[tokio::test]
async fn a_target_with_data_is_refused_and_not_changed() {
    let from = sqlite().await.close();
    let used = postgres().await;
    add(&*used.store, &[key(1)]).await;
    let error = migrate(&from.location, used.location()).await.unwrap_err();
    assert!(matches!(error, MoveError::Foreign(_)), "{error}");
    let used = used.reopen(&[]).await.unwrap();
    assert_eq!(used.store.key(id(1)).await.unwrap(), Some(key(1)));

    let (other, to) = (source().await, new_postgres());
    let is_copying = |progress: Progress| progress.table == "key";
    assert!(move_until(&other.location, &to, is_copying).await.is_none());
    sql_of_source(&other.location, "UPDATE move_out SET id = randomblob(16)").await;
    let error = migrate(&other.location, &to).await.unwrap_err();
    assert!(matches!(error, MoveError::Other(_)), "{error}");
}

#[tokio::test]
async fn a_source_that_is_in_use_newer_or_none_is_refused() {
    let running = sqlite().await;
    let to = new_postgres();
    let error = migrate(running.location(), &to).await.unwrap_err();
    assert!(error.to_string().contains("Titan runs on this database; stop it first"), "{error}");
    let from = running.close();
    sql_of_source(
        &from.location,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'x', 1, x'00', 0)",
    )
    .await;
    let error = migrate(&from.location, &to).await.unwrap_err();
    assert!(matches!(error, MoveError::Source(_, ConnectError::Newer(9999))), "{error}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.db");
    let error = migrate(&Location::Sqlite(file.clone()), &to).await.unwrap_err();
    assert!(matches!(error, MoveError::NoFile(_)) && !file.exists(), "{error}");
    std::fs::write(&file, "").unwrap();
    let error = migrate(&Location::Sqlite(file.clone()), &to).await.unwrap_err();
    assert!(matches!(error, MoveError::NotTitan(_)), "{error}");
    std::fs::write(&file, "no database, but a text that is long enough for a header".repeat(20)).unwrap();
    let error = migrate(&Location::Sqlite(file), &to).await.unwrap_err();
    assert!(error.to_string().contains("file is not a database"), "{error}");
}

#[tokio::test]
async fn a_target_that_is_newer_or_not_there_is_refused() {
    let from = sqlite().await.close();
    let newer = postgres().await.close();
    sql(&newer.location, "TRUNCATE tenant, scope, key, seal CASCADE").await;
    sql(
        &newer.location,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'x', true, '\\x00', 0)",
    )
    .await;
    let error = migrate(&from.location, &newer.location).await.unwrap_err();
    assert!(matches!(error, MoveError::Target(ConnectError::Newer(9999))), "{error}");
    let nobody = Location::Postgres("postgres://titan:sekret@127.0.0.1:1/x".to_owned());
    let error = migrate(&from.location, &nobody).await.unwrap_err().to_string();
    assert!(error.contains("is the server running") && !error.contains("sekret"), "{error}");
    let Location::Postgres(url) = new_postgres() else { return };
    let bad = Location::Postgres(url.replace("titan@", "titan:sek/ret@"));
    let error = migrate(&from.location, &bad).await.unwrap_err().to_string();
    assert!(error.contains("%2F") && !error.contains("sek"), "{error}");
    let missing = Location::Postgres(format!("{url}_missing"));
    let error = migrate(&from.location, &missing).await.unwrap_err().to_string();
    assert!(error.contains("createdb"), "{error}");
    open(&from.location, &[]).await.unwrap();
}

#[tokio::test]
async fn a_move_is_undone_only_where_there_was_one() {
    let (from, to) = (sqlite().await.close(), new_postgres());
    assert!(matches!(undo_move(&from.location).await.unwrap_err(), MoveError::NotMoved(_)));
    migrate(&from.location, &to).await.unwrap();
    assert_eq!(undo_move(&from.location).await.unwrap(), to.to_string());
    open(&from.location, &[]).await.unwrap();
    // The first target is in use: another one is needed.
    assert!(matches!(migrate(&from.location, &to).await.unwrap_err(), MoveError::Foreign(_)));
    migrate(&from.location, &new_postgres()).await.unwrap();
}

#[test]
fn no_text_shows_a_password() {
    for (url, shown) in [
        ("postgres://titan:sekret@db:5433/titan?sslmode=require", "postgres://titan@db:5433/titan"),
        ("postgresql://titan:sek%2Fret@db/titan", "postgres://titan@db:5432/titan"),
        ("postgres://db/titan?user=titan&password=sekret", "postgres://titan@db:5432/titan"),
        ("postgres://titan:sekret@db:port/titan", "postgres://…"),
    ] {
        let location = Location::parse(url).unwrap();
        assert_eq!((location.to_string(), format!("{location:?}")), (shown.to_owned(), shown.to_owned()));
    }
}
