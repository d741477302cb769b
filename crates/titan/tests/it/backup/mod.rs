//! `titan backup` and `titan restore`, as processes, on the engine of this run.

mod files;
mod generation;
mod interrupted;
mod revive;
mod writing;

use crate::support::app::MadeKey;
use crate::support::database::{environment, is_postgres, new_postgres};
use crate::support::program::{Program, run};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;

const FILE: &str = "titan.backup";

/// An installation in a folder.
struct Site(TempDir);

impl Site {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }

    async fn start(&self) -> Program {
        Program::start(self.folder(), &[]).await
    }

    /// Runs a command with the configuration of this installation.
    fn titan(&self, arguments: &[&str]) -> Output {
        let environment = environment(self.folder());
        let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        run(self.folder(), arguments, &environment)
    }

    fn back_up(&self) -> Value {
        let output = self.titan(&["backup", FILE, "--json"]);
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Restores in place of the database; for PostgreSQL, into a new one.
    fn restore(&self) -> Value {
        if is_postgres() {
            std::fs::write(self.folder().join("database-url"), new_postgres()).unwrap();
        }
        let replace: &[&str] = if is_postgres() { &[] } else { &["--replace"] };
        let output = self.titan(&[&["restore", FILE, "--json", "--yes"], replace].concat());
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn file(&self) -> PathBuf {
        self.folder().join(FILE)
    }
}

fn stop(program: &mut Program) {
    program.signal("TERM");
    program.wait();
}

async fn make(program: &Program, tenant: u64) -> MadeKey {
    let body =
        json!({ "label": "test", "lifetimeDays": 30, "scopes": ["sessions:read"], "tenantId": tenant });
    MadeKey::of(&program.master().post("/admin/keys", body).await.expect(201))
}

async fn code(program: &Program, key: &str) -> String {
    program.master().post("/auth/verify", json!({ "key": key })).await.expect(200).text_at("/data/code")
}
