//! Times and numbers, as people read them.

use std::fmt::Write;
use titan_core::time::Timestamp;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Each unit up to which amount it is used, its length in seconds, and its name.
const UNITS: [(i64, i64, &str); 5] = [
    (90, 1, "s"),
    (90 * MINUTE, MINUTE, "min"),
    (36 * HOUR, HOUR, "hour"),
    (90 * DAY, DAY, "day"),
    (i64::MAX, 30 * DAY, "month"),
];

/// A time as a page shows it.
pub(crate) struct When {
    /// RFC 3339, for programs.
    pub(crate) iso: String,
    /// The same for people.
    pub(crate) exact: String,
    /// How far it is from now.
    pub(crate) relative: String,
}

impl When {
    pub(crate) fn new(at: Timestamp, now: Timestamp) -> Self {
        let iso = at.whole_seconds().to_string();
        let exact = iso.replace('T', " ").replace('Z', " UTC");
        Self { iso, exact, relative: relative(at.secs() - now.secs()) }
    }

    pub(crate) fn of(at: Option<Timestamp>, now: Timestamp) -> Option<Self> {
        at.map(|at| Self::new(at, now))
    }
}

fn relative(seconds: i64) -> String {
    if seconds.abs() < 5 {
        return "now".to_owned();
    }
    let amount = span(seconds.abs());
    if seconds < 0 { format!("{amount} ago") } else { format!("in {amount}") }
}

/// A length of time, rounded to one unit.
pub(crate) fn span(seconds: i64) -> String {
    let unit = UNITS.iter().find(|(up_to, ..)| seconds < *up_to);
    let (_, length, name) = unit.copied().unwrap_or(UNITS[4]);
    let count = (seconds + length / 2) / length;
    let is_short = matches!(name, "s" | "min");
    format!("{count} {name}{}", if count == 1 || is_short { "" } else { "s" })
}

/// A number with a space between thousands (ISO 80000-1, 7.3.1): a thin one, at which no line breaks.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A part of a whole in per cent, with one decimal below ten.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    let tenths = (part * 1000).checked_div(whole).unwrap_or_default();
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = if tenths < 100 {
        write!(text, "{}.{} %", tenths / 10, tenths % 10)
    } else {
        write!(text, "{} %", tenths / 10)
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_one_unit() {
        let said = |seconds| relative(seconds);
        assert_eq!(said(-2), "now");
        assert_eq!(said(-40), "40 s ago");
        assert_eq!(said(600), "in 10 min");
        assert_eq!(said(-2 * HOUR), "2 hours ago");
        assert_eq!(said(DAY * 2), "in 2 days");
        assert_eq!(said(-DAY * 365), "12 months ago");
        assert_eq!([span(100 * MINUTE), span(90 * DAY - 1)], ["2 hours", "90 days"]);
    }

    #[test]
    fn numbers_have_groups() {
        assert_eq!([grouped(0), grouped(999), grouped(1000)], ["0", "999", "1\u{202f}000"]);
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!([percent(1, 3), percent(1, 100), percent(0, 0)], ["33 %", "1.0 %", "0.0 %"]);
    }
}
