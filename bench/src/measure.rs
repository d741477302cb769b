//! Measuring: interleaved rounds of thread CPU time, and ratios taken within a round.
//!
//! A shared machine changes its speed from second to second, so no number here stands alone: in each round
//! every row runs once, a ratio is taken between two rows of the same round, and its median is reported.

use rustix::time::{ClockId, Timespec, clock_gettime};
use std::hint::black_box;

/// One thing that is measured.
pub struct Row<'a> {
    /// What it is, as printed.
    pub name: &'static str,
    /// How often it runs in a round.
    ops: u32,
    /// Runs it for so many numbers from the first on.
    run: Box<dyn FnMut(usize, usize) + 'a>,
    /// Nanoseconds per operation, one for each round.
    samples: Vec<f64>,
}

impl<'a> Row<'a> {
    /// A row that calls `op` with a number that goes up from call to call and from round to round, so that
    /// it can take another key each time.
    pub fn new<T>(name: &'static str, ops: u32, mut op: impl FnMut(usize) -> T + 'a) -> Self {
        let run = move |first: usize, count: usize| {
            for number in first..first + count {
                black_box(op(black_box(number)));
            }
        };
        Self { name, ops, run: Box::new(run), samples: Vec::new() }
    }

    /// Its median, in nanoseconds.
    pub fn median(&self) -> f64 {
        median(self.samples.clone())
    }

    /// Its fastest round, in nanoseconds: what a quiet machine would show.
    pub fn min(&self) -> f64 {
        self.samples.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn sample(&mut self, round: usize) {
        let count = usize::try_from(self.ops).unwrap_or_default();
        let before = cpu_ns();
        (self.run)(round * count, count);
        self.samples.push((cpu_ns() - before) / f64::from(self.ops));
    }
}

/// Which row of a [`Board`].
#[derive(Clone, Copy)]
pub struct RowId(usize);

/// All rows that run in the same rounds. The first one is the reference.
#[derive(Default)]
pub struct Board<'a> {
    rows: Vec<Row<'a>>,
}

impl<'a> Board<'a> {
    /// Adds a row.
    pub fn add(&mut self, row: Row<'a>) -> RowId {
        self.rows.push(row);
        RowId(self.rows.len() - 1)
    }

    /// Runs every row in every round, beginning with another one each time.
    pub fn run(&mut self, rounds: usize) {
        for row in &mut self.rows {
            row.sample(0);
            row.samples.clear();
        }
        let count = self.rows.len();
        for round in 0..rounds {
            for place in 0..count {
                self.rows[(place + round) % count].sample(round);
            }
        }
    }

    /// A row, to print it.
    pub fn row(&self, id: RowId) -> &Row<'a> {
        &self.rows[id.0]
    }

    /// The median of the ratios of two rows, each taken within a round.
    pub fn ratio(&self, of: RowId, to: RowId) -> f64 {
        let pairs = self.row(of).samples.iter().zip(&self.row(to).samples);
        median(pairs.map(|(a, b)| a / b).collect())
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// CPU time that this thread has used, in nanoseconds: what others do meanwhile is not in it.
fn cpu_ns() -> f64 {
    // The difference of two readings is needed to the nanosecond; a double holds that for a hundred days.
    std::time::Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).map_or(f64::NAN, |t| t.as_secs_f64())
        * 1e9
}

/// The time of day.
pub fn wall() -> Timespec {
    clock_gettime(ClockId::Realtime)
}

/// The time since the machine started.
pub fn uptime() -> Timespec {
    clock_gettime(ClockId::Boottime)
}
