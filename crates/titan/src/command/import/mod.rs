//! `titan import`: takes over keys of another system.

mod progress;
mod row;
mod rows;

use super::remote::{Remote, moment, print, print_json};
use super::table::clean;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use progress::Progress;
use row::{Defaults, Row};
use rows::Rows;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

const PATH: &str = "/admin/imported-keys";
/// As many rows as Titan takes at once …
const MOST_ROWS: usize = 100;
/// … and as many bytes: a body has at most 64 KiB, and the client sends it with white space, which may double it.
const MOST_BYTES: usize = 30 * 1024;

#[derive(Args)]
pub(super) struct Import {
    #[command(flatten)]
    remote: Remote,
    /// CSV with a line of headings, or one JSON object a line
    file: PathBuf,
    /// What the file is [default: by its name: .csv is CSV, anything else is JSON lines]
    #[arg(long)]
    format: Option<Format>,
    /// Only say what would become of each row
    #[arg(long)]
    dry_run: bool,
    /// When keys expire that do not say it: a day (2027-01-31) or a time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    expires: Option<String>,
    /// The label of keys that have none
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// A scope of keys that name none; can be repeated
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// The tenant of keys that name none
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    tenant: u32,
    /// Begin with this row; the first is 1
    #[arg(long, value_name = "ROW", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    from: u64,
    /// Write the result of each row to this new file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Jsonl,
}

/// What has become of a row, as Titan answers it.
#[derive(Deserialize)]
struct Answered {
    status: String,
    id: Option<String>,
    error: Option<String>,
}

#[derive(Default)]
struct Counts {
    added: u64,
    known: u64,
    refused: u64,
}

/// Rows on their way to Titan.
#[derive(Default)]
struct Batch {
    numbers: Vec<u64>,
    rows: Vec<Value>,
    bytes: usize,
}

/// One run.
struct Run {
    client: super::client::Client,
    path: String,
    progress: Progress,
    results: Option<BufWriter<File>>,
    counts: Counts,
}

impl Import {
    pub(super) fn run(self) -> Result<()> {
        let defaults = Defaults {
            label: self.label.clone(),
            scopes: self.scopes.clone(),
            expires_at: self.expires.clone(),
            tenant: self.tenant,
        };
        let file = File::open(&self.file).with_context(|| self.file.display().to_string())?;
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        let (progress, file) = Progress::of(file, size);
        let rows = Rows::read(file, self.is_csv())?;
        let mut run = Run {
            client: self.remote.client()?,
            path: if self.dry_run { format!("{PATH}?dryRun=true") } else { PATH.to_owned() },
            progress,
            results: self.results.as_deref().map(new_file).transpose()?,
            counts: Counts::default(),
        };
        run.all(rows, &defaults, self.from)?;
        run.tell(self.remote.json, self.dry_run)
    }

    fn is_csv(&self) -> bool {
        let by_name = || self.file.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
        self.format.map_or_else(by_name, |format| format == Format::Csv)
    }
}

fn new_file(path: &Path) -> Result<BufWriter<File>> {
    let file = File::create_new(path).with_context(|| path.display().to_string())?;
    Ok(BufWriter::new(file))
}

impl Run {
    fn all<R: Read>(&mut self, rows: Rows<R>, defaults: &Defaults, from: u64) -> Result<()> {
        let mut batch = Batch::default();
        for (number, row) in (1..).zip(rows) {
            let row = row.with_context(|| format!("row {number}"))?;
            if number < from {
                continue;
            }
            match row.and_then(|row: Row| row.into_wire(defaults)) {
                Ok(wire) => batch.add(number, wire),
                Err(wrong) => self.note(number, "refused", None, Some(&wrong.to_string()))?,
            }
            if batch.is_full() {
                self.send(std::mem::take(&mut batch))?;
            }
        }
        self.send(batch)
    }

    fn send(&mut self, batch: Batch) -> Result<()> {
        let Some(first) = batch.numbers.first().copied() else { return Ok(()) };
        let sent = self.client.post(&self.path, Some(&json!({ "keys": batch.rows })), None);
        let answer = sent.with_context(|| {
            self.progress.end();
            format!("stopped at row {first}. What was imported before stays; go on with --from {first}")
        })?;
        let results = Vec::<Answered>::deserialize(&answer.data).context("this Titan has another version")?;
        for (number, result) in batch.numbers.into_iter().zip(results) {
            self.note(number, &result.status, result.id.as_deref(), result.error.as_deref())?;
        }
        self.results.as_mut().map_or(Ok(()), Write::flush).context("--results")?;
        self.progress.show(self.counts.added + self.counts.known + self.counts.refused);
        Ok(())
    }

    fn note(&mut self, row: u64, status: &str, id: Option<&str>, error: Option<&str>) -> Result<()> {
        match status {
            "added" => self.counts.added += 1,
            "known" => self.counts.known += 1,
            _ => self.counts.refused += 1,
        }
        if let Some(error) = error {
            self.progress.end();
            eprintln!("row {row}: {}", clean(error));
        }
        if let Some(results) = &mut self.results {
            let line = json!({ "row": row, "status": status, "id": id, "error": error });
            writeln!(results, "{line}").context("--results")?;
        }
        Ok(())
    }

    fn tell(mut self, json: bool, is_dry_run: bool) -> Result<()> {
        self.progress.end();
        let Counts { added, known, refused } = self.counts;
        if json {
            print_json(&json!({ "added": added, "known": known, "refused": refused }))?;
        } else {
            let would = if is_dry_run { " (a dry run: nothing was changed)" } else { "" };
            print(&format!("{added} added, {known} known before, {refused} refused{would}."))?;
        }
        if refused > 0 {
            bail!("{refused} {} refused", if refused == 1 { "row was" } else { "rows were" });
        }
        Ok(())
    }
}

impl Batch {
    fn add(&mut self, number: u64, row: Value) {
        // A comma follows.
        self.bytes += row.to_string().len() + 1;
        self.numbers.push(number);
        self.rows.push(row);
    }

    fn is_full(&self) -> bool {
        // The next row may be as long as the longest.
        self.rows.len() >= MOST_ROWS || self.bytes + row::LONGEST >= MOST_BYTES
    }
}
