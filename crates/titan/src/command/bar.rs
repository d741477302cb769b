//! How far a move or a backup is: a bar on a terminal, and otherwise a line for each table and each tenth.

use std::io::{IsTerminal, Write, stderr};
use titan_store::{Progress, Step};

/// How many characters a full bar has.
const WIDTH: u64 = 30;

/// Writes to standard error, so that standard output has only the result.
pub(super) struct Bar {
    is_terminal: bool,
    shown: String,
}

impl Bar {
    pub(super) fn new() -> Self {
        Self { is_terminal: stderr().is_terminal(), shown: String::new() }
    }

    pub(super) fn show(&mut self, progress: Progress) {
        let text = if self.is_terminal { bar(progress) } else { line(progress) };
        if text != self.shown {
            let (before, after) = if self.is_terminal { ("\r", "\x1b[K") } else { ("", "\n") };
            // Nobody who moves a database wants it to stop because nobody reads this.
            let _ = write!(stderr(), "{before}{text}{after}");
            self.shown = text;
        }
    }

    /// What comes next begins on a line of its own.
    pub(super) fn end(self) {
        if self.is_terminal && !self.shown.is_empty() {
            eprintln!();
        }
    }
}

fn bar(progress: Progress) -> String {
    let full = share(progress, WIDTH);
    let bar: String = (0..WIDTH).map(|place| if place < full { '#' } else { '.' }).collect();
    format!("[{bar}] {:3} %  {} {}", share(progress, 100), word(progress.step), progress.table)
}

fn line(progress: Progress) -> String {
    format!("{} {}: {} %", word(progress.step), progress.table, share(progress, 10) * 10)
}

/// How many of so many parts are done.
fn share(progress: Progress, parts: u64) -> u64 {
    (progress.done.min(progress.total) * parts).checked_div(progress.total).unwrap_or(parts)
}

fn word(step: Step) -> &'static str {
    match step {
        Step::Check => "comparing",
        Step::Copy => "copying",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_full_as_the_move_is_done() {
        let at = |done| Progress { step: Step::Copy, table: "key", done, total: 200 };
        assert_eq!(bar(at(0)), format!("[{}]   0 %  copying key", ".".repeat(30)));
        assert_eq!(bar(at(100)), format!("[{}{}]  50 %  copying key", "#".repeat(15), ".".repeat(15)));
        assert_eq!(bar(at(300)), format!("[{}] 100 %  copying key", "#".repeat(30)));
        assert_eq!(line(at(59)), "copying key: 20 %");
        assert_eq!(line(Progress { total: 0, ..at(0) }), "copying key: 100 %");
    }
}
