//! Tables.

use crate::measure::{Board, RowId};

/// What a number may be at most.
#[derive(Clone, Copy)]
pub struct AtMost(pub f64);

/// Prints one line for each row: median, fastest round, and its ratios to the references. Goals are about the
/// first of these.
pub fn rows(title: &str, board: &Board<'_>, references: &[RowId; 2], rows: &[(RowId, Option<AtMost>)]) {
    println!("{title:<62} {:>12} {:>12} {:>10} {:>10}  goal", "median ns", "min ns", "x ref", "x ring");
    for (id, goal) in rows {
        let row = board.row(*id);
        let [ratio, to_ring] = references.map(|reference| board.ratio(*id, reference));
        let (name, median, min, goal) = (row.name, row.median(), row.min(), verdict(ratio, *goal));
        println!("{name:<62} {median:>12.1} {min:>12.1} {ratio:>10.3} {to_ring:>10.3}  {goal}");
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
