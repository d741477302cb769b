//! `titan backup`: a backup of the database, also while Titan runs.

use super::ConfigFile;
use super::bar::Bar;
use super::remote::{hex, print, print_json};
use crate::config::location;
use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;
use titan_store::{Contents, back_up};

#[derive(Args)]
pub(super) struct Backup {
    #[command(flatten)]
    config: ConfigFile,
    /// The file to write. It must not exist
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

impl Backup {
    pub(super) fn run(self) -> Result<()> {
        let database = location(&self.config.load()?)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut bar = Bar::new();
        let written = runtime.block_on(back_up(&database, &self.file, &mut |progress| bar.show(progress)));
        bar.end();
        let contents = written?;
        if self.json {
            let mut object = object(&contents);
            object["file"] = json!(self.file);
            object["from"] = json!(database.to_string());
            return print_json(&object);
        }
        print(&format!(
            "Wrote {} ({}).\n\nThe seal key is not in it. Keep it in another place: without it, the backup cannot be \
             restored.{}",
            self.file.display(),
            summary(&contents),
            warning(&contents)
        ))
    }
}

/// What is in a backup, in words.
pub(super) fn summary(contents: &Contents) -> String {
    let newest = contents.newest.map(|at| format!(", last change {at}")).unwrap_or_default();
    let count = |number: u64, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    format!(
        "{}, {}, {}, {}, revision {}{newest}",
        count(contents.bytes, "byte"),
        count(contents.tenants, "tenant"),
        count(contents.keys, "key"),
        count(contents.users, "user"),
        contents.revision
    )
}

/// What somebody must look into, if there is something.
pub(super) fn warning(contents: &Contents) -> String {
    let text = |row| {
        format!(
            "\n\nWarning: the audit log is not one chain (row {row}): somebody edited it outside of Titan, in the \
             database or in the backup."
        )
    };
    contents.audit_break.map(text).unwrap_or_default()
}

/// What is in a backup, for programs.
pub(super) fn object(contents: &Contents) -> Value {
    let (sequence, hash) = contents.audit_head;
    json!({
        "bytes": contents.bytes,
        "revision": contents.revision,
        "tenants": contents.tenants,
        "keys": contents.keys,
        "users": contents.users,
        "newestChangeAt": contents.newest.map(|at| at.to_string()),
        "audit": { "sequence": sequence, "hash": hex(&hash), "brokenAt": contents.audit_break },
    })
}
