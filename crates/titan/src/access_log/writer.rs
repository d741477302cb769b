//! The thread that writes lines, in batches.

use super::line::LineWriter;
use super::output::Output;
use super::{Orders, REPORT};
use crate::config::LogFormat;
use std::io::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::park_timeout;
use std::time::{Duration, Instant};
use titan_core::time::{Clock, Timestamp};
use titan_edge::access_log::AccessLog;

/// While requests arrive, a line is written at most this much later.
const BUSY: Duration = Duration::from_millis(10);
/// The same for the first line after a pause.
const IDLE: Duration = Duration::from_millis(100);
/// How many bytes are written at once.
const BATCH: usize = 64 * 1024;

/// Takes records from the queue and writes their lines.
pub(super) struct Writer {
    log: Arc<AccessLog>,
    orders: Arc<Orders>,
    output: Output,
    clock: Arc<dyn Clock>,
    lines: LineWriter,
    batch: String,
    /// When a failure was last reported.
    reported: Option<Instant>,
}

impl Writer {
    pub(super) fn new(
        log: Arc<AccessLog>,
        orders: Arc<Orders>,
        output: Output,
        format: LogFormat,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let batch = String::with_capacity(BATCH + 1024);
        Self { log, orders, output, clock, lines: LineWriter::new(format), batch, reported: None }
    }

    /// Runs until it is stopped and the queue is empty.
    pub(super) fn run(mut self) {
        loop {
            let is_stopped = self.orders.stop.load(Ordering::Acquire);
            if self.orders.reopen.swap(false, Ordering::AcqRel) {
                self.reopen();
            }
            match self.fill() {
                0 if is_stopped => return,
                0 => park_timeout(IDLE),
                lines => {
                    let is_full = self.batch.len() >= BATCH;
                    self.write(lines);
                    if !is_full && !is_stopped {
                        park_timeout(BUSY);
                    }
                }
            }
        }
    }

    /// Fills the batch with lines and returns their number.
    fn fill(&mut self) -> u64 {
        let (now, instant) = (self.clock.now(), Instant::now());
        let mut lines = 0;
        while self.batch.len() < BATCH
            && let Some(record) = self.log.take()
        {
            // A request reads only the monotonic clock, to save time. Its wall time is computed here.
            let age = instant.saturating_duration_since(record.began).as_millis();
            let began = now.ms().saturating_sub(i64::try_from(age).unwrap_or_default());
            self.lines.write(&mut self.batch, &record, Timestamp::from_ms(began));
            lines += 1;
        }
        lines
    }

    fn write(&mut self, lines: u64) {
        self.orders.in_hand.store(lines, Ordering::Release);
        if let Err(unwritten) = self.output.write(self.batch.as_bytes()) {
            self.log.count_dropped(unwritten.lines);
            self.report(&unwritten.error, "the access log cannot be written");
        }
        self.orders.in_hand.store(0, Ordering::Release);
        self.batch.clear();
    }

    fn reopen(&mut self) {
        match self.output.reopen() {
            Ok(()) => tracing::info!(file = %self.output, "the access log was opened again"),
            Err(error) => {
                tracing::error!(%error, file = %self.output, "the access log cannot be opened again; the old file stays in use");
            }
        }
    }

    fn report(&mut self, error: &Error, message: &str) {
        if self.reported.is_none_or(|reported| reported.elapsed() >= REPORT) {
            self.reported = Some(Instant::now());
            tracing::error!(%error, file = %self.output, "{message}");
        }
    }
}
