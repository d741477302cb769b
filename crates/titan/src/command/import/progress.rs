//! How far an import is: a line on a terminal, and otherwise nothing.

use std::io::{IsTerminal, Read, Write, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes to standard error, so that standard output has only the result.
pub(super) struct Progress {
    read: Arc<AtomicU64>,
    size: u64,
    is_terminal: bool,
    is_open: bool,
}

/// A file that counts what was read of it.
pub(super) struct Counted<R> {
    file: R,
    read: Arc<AtomicU64>,
}

impl Progress {
    pub(super) fn of<R>(file: R, size: u64) -> (Self, Counted<R>) {
        let read = Arc::<AtomicU64>::default();
        let progress =
            Self { read: Arc::clone(&read), size, is_terminal: stderr().is_terminal(), is_open: false };
        (progress, Counted { file, read })
    }

    pub(super) fn show(&mut self, rows: u64) {
        if self.is_terminal {
            let share = (self.read.load(Ordering::Relaxed).min(self.size) * 100).checked_div(self.size);
            // Nobody wants an import to stop because nobody reads this.
            let _ = write!(stderr(), "\r{:3} %  {rows} rows\x1b[K", share.unwrap_or(100));
            self.is_open = true;
        }
    }

    /// What comes next begins on a line of its own.
    pub(super) fn end(&mut self) {
        if std::mem::take(&mut self.is_open) {
            eprintln!();
        }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read.fetch_add(u64::try_from(read).unwrap_or_default(), Ordering::Relaxed);
        Ok(read)
    }
}
