//! The database of a test. `TITAN_TEST_ENGINE=postgres` runs the same tests on PostgreSQL.

use std::path::Path;
use std::process::Command;
use titan_store::{Location, SealKey};

/// The same for all instances of a test.
pub(crate) const SEAL_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A new database: in this folder, or on the PostgreSQL of the tests.
pub(crate) fn new_database(folder: &Path) -> String {
    if is_postgres() {
        return new_postgres();
    }
    format!("sqlite://{}", folder.join("titan.db").display())
}

/// The environment with which a program in this folder uses the database of that folder.
pub(crate) fn environment(folder: &Path) -> Vec<(&'static str, String)> {
    if !is_postgres() {
        return Vec::new();
    }
    let note = folder.join("database-url");
    let url = std::fs::read_to_string(&note).unwrap_or_else(|_| {
        let url = new_postgres();
        std::fs::write(&note, &url).unwrap();
        url
    });
    vec![("TITAN_DATABASE_URL", url), ("TITAN_SEAL_KEY", SEAL_KEY.to_owned())]
}

/// The database of the programs that ran in this folder, and its seal key.
pub(crate) fn open(folder: &Path) -> (Location, SealKey) {
    if is_postgres() {
        let url = std::fs::read_to_string(folder.join("database-url")).unwrap();
        return (Location::parse(&url).unwrap(), SealKey::from_base64(SEAL_KEY).unwrap());
    }
    let file = folder.join("titan-data/titan.db");
    let location = Location::parse(&format!("sqlite://{}", file.display())).unwrap();
    let seal = SealKey::from_file(&location.seal_key_file().unwrap()).unwrap();
    (location, seal)
}

/// What somebody who has the database does to its audit log, past the triggers that keep it from being edited.
pub(crate) fn tamper(folder: &Path, statements: &str) {
    if is_postgres() {
        let url = std::fs::read_to_string(folder.join("database-url")).unwrap();
        return tamper_url(&url, &format!("SET session_replication_role = replica; {statements}"));
    }
    let statements = format!(
        "DROP TRIGGER IF EXISTS audit_is_not_edited; DROP TRIGGER IF EXISTS audit_is_not_erased; {statements};"
    );
    tamper_url(&format!("sqlite://{}", folder.join("titan-data/titan.db").display()), &statements);
}

/// Runs statements on a database. For SQLite by Python's own module: no other program of the tests writes to a database.
pub(crate) fn tamper_url(url: &str, statements: &str) {
    let script = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=10).executescript(sys.argv[2])";
    let done = match url.strip_prefix("sqlite://") {
        Some(file) => Command::new("python3").args(["-c", script, file, statements]).output(),
        None => Command::new("psql").args([url, "-qc", statements]).output(),
    };
    let done = done.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// What a PostgreSQL database answers.
pub(crate) fn psql(url: &str, sql: &str) -> String {
    let done = Command::new("psql").args([url, "-v", "ON_ERROR_STOP=1", "-qtAc", sql]).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

/// Whether this run is on PostgreSQL.
pub(crate) fn is_postgres() -> bool {
    match std::env::var("TITAN_TEST_ENGINE").as_deref() {
        Ok("postgres") => true,
        Ok("sqlite") | Err(_) => false,
        Ok(other) => panic!("TITAN_TEST_ENGINE: {other} is no engine"),
    }
}

/// A new database on the PostgreSQL of the tests, which is started if it does not run.
pub(crate) fn new_postgres() -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ci/postgres");
    let output = Command::new(script).arg("new").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
