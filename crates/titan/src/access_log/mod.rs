//! Writes the access log: one line for each request of the gateway and of `/auth/verify`.
//!
//! ```text
//! workers → queue (titan-edge) → a thread of its own → a file, or standard output
//! ```
//!
//! Requests never wait for it. Lines that it cannot write in time are dropped and counted.

mod line;
mod output;
mod writer;

use crate::config::LogFormat;
use anyhow::{Context, Result, bail};
use output::Output;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;
use titan_core::time::Clock;
use titan_edge::access_log::AccessLog;
use tokio::sync::watch;
use tokio::time::{interval, timeout};
use writer::Writer;

/// The shortest time between two messages about lines that were dropped or cannot be written.
const REPORT: Duration = Duration::from_secs(10);
/// How long the writer may take at the end of the program to write the remaining lines.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Where the access log goes, and how its lines look.
#[derive(Clone, Debug)]
pub struct AccessLogSettings {
    target: Target,
    format: LogFormat,
}

#[derive(Clone, Debug)]
enum Target {
    File(PathBuf),
    StandardOutput,
}

impl AccessLogSettings {
    /// Reads `off`, `stdout`, or the path of a file.
    pub fn parse(text: &str, format: LogFormat) -> Result<Option<Self>> {
        let target = match text {
            "off" => return Ok(None),
            "stdout" => Target::StandardOutput,
            "" | "stderr" => bail!("access_log: must be `off`, `stdout` or a file; `stderr` is for the log"),
            path => Target::File(PathBuf::from(path)),
        };
        Ok(Some(Self { target, format }))
    }
}

/// A handle of the thread that writes, for the rest of the program.
pub(crate) struct AccessLogWriter {
    log: Arc<AccessLog>,
    orders: Arc<Orders>,
    thread: Thread,
    /// The sender is dropped when the thread ends.
    ended: watch::Receiver<()>,
}

/// Orders to the thread, and what it reports back.
#[derive(Default)]
struct Orders {
    reopen: AtomicBool,
    stop: AtomicBool,
    /// The number of lines that the thread took from the queue and is writing now.
    in_hand: AtomicU64,
}

impl AccessLogWriter {
    /// Opens the file and starts the thread. It is an error if the file cannot be opened.
    pub(crate) fn start(settings: &AccessLogSettings, clock: Arc<dyn Clock>) -> Result<Self> {
        let output = Output::new(settings.target.clone());
        let output = output.with_context(|| format!("access_log: {}", settings.target))?;
        let (log, orders) = (Arc::new(AccessLog::new()), Arc::new(Orders::default()));
        let writer = Writer::new(Arc::clone(&log), Arc::clone(&orders), output, settings.format, clock);
        let (ending, ended) = watch::channel(());
        let thread = thread::Builder::new().name("access-log".to_owned()).spawn(move || {
            writer.run();
            drop(ending);
        });
        tokio::spawn(report_drops(Arc::clone(&log)));
        Ok(Self { log, orders, thread: thread?.thread().clone(), ended })
    }

    /// The queue for records.
    pub(crate) fn log(&self) -> Arc<AccessLog> {
        Arc::clone(&self.log)
    }

    /// Opens the file again by its name, because the old one was renamed.
    pub(crate) fn reopen(&self) {
        self.order(&self.orders.reopen);
    }

    /// Writes the remaining lines. Call it when no request runs any more.
    pub(crate) async fn close(&self) {
        self.order(&self.orders.stop);
        // An error means that the thread has ended. That is what this waits for.
        let _ = timeout(LAST_LINES, self.ended.clone().changed()).await;
        let left = std::iter::from_fn(|| self.log.take()).fold(0, |left, _| left + 1);
        self.log.count_dropped(left + self.orders.in_hand.load(Ordering::Acquire));
        if self.log.dropped() > 0 {
            tracing::warn!("{} access log lines were dropped since the start", self.log.dropped());
        }
    }

    fn order(&self, flag: &AtomicBool) {
        flag.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

impl Drop for AccessLogWriter {
    fn drop(&mut self) {
        self.order(&self.orders.stop);
    }
}

/// Reports dropped lines. The writer cannot do this, because a slow disk can block it.
async fn report_drops(log: Arc<AccessLog>) {
    let mut ticks = interval(REPORT);
    let mut reported = 0;
    loop {
        ticks.tick().await;
        let dropped = log.dropped();
        if dropped > reported {
            tracing::warn!("{} access log lines were dropped", dropped - reported);
            reported = dropped;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_off_standard_output_or_a_file() {
        let parse = |text: &str| AccessLogSettings::parse(text, LogFormat::Json);
        assert!(parse("off").unwrap().is_none());
        assert!(matches!(parse("stdout").unwrap().unwrap().target, Target::StandardOutput));
        assert!(matches!(parse("a/b.log").unwrap().unwrap().target, Target::File(_)));
        assert!(parse("stderr").is_err() && parse("").is_err());
    }
}
