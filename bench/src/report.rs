//! Tables.

use crate::measure::{Board, RowId};

/// What a number may be at most.
#[derive(Clone, Copy)]
pub struct AtMost(pub f64);

/// Prints one line for each row: median, fastest round, and its ratio to the reference.
pub fn rows(board: &Board<'_>, reference: RowId, rows: &[(RowId, Option<AtMost>)]) {
    println!("{:<62} {:>12} {:>12} {:>10}  goal", "in process, thread CPU time", "median ns", "min ns", "x ref");
    for (id, goal) in rows {
        let row = board.row(*id);
        let ratio = board.ratio(*id, reference);
        println!("{:<62} {:>12.1} {:>12.1} {ratio:>10.3}  {}", row.name, row.median(), row.min(), verdict(ratio, *goal));
    }
    println!();
}

/// Prints one line for each number that stands for itself.
pub fn numbers(title: &str, numbers: &[(&str, f64, Option<AtMost>)]) {
    println!("{title:<88} {:>10}  goal", "");
    for (name, number, goal) in numbers {
        println!("{name:<88} {number:>10.3}  {}", verdict(*number, *goal));
    }
    println!();
}

fn verdict(number: f64, goal: Option<AtMost>) -> String {
    match goal {
        Some(AtMost(most)) if number <= most => format!("<= {most}  ok"),
        Some(AtMost(most)) => format!("<= {most}  MISSED"),
        None => "-".to_owned(),
    }
}
