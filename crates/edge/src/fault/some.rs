//! The faults that the file names.

use super::Break;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

const NAME: &str = "TITAN_FAULT";
/// The variable with the name of the file.
pub const VARIABLE: Option<&str> = Some(NAME);
/// How often the file is read.
const PERIOD: Duration = Duration::from_millis(5);

static WALL_OFFSET_MS: AtomicI64 = AtomicI64::new(0);
static BREAKS: LazyLock<Vec<Break>> = LazyLock::new(start);

pub(crate) fn is_on(one: Break) -> bool {
    BREAKS.contains(&one)
}

/// By how much the wall clock is off.
pub fn wall_offset_ms() -> i64 {
    LazyLock::force(&BREAKS);
    WALL_OFFSET_MS.load(Ordering::Relaxed)
}

fn start() -> Vec<Break> {
    let Ok(file) = std::env::var(NAME) else { return Vec::new() };
    let breaks = read(&file);
    std::thread::spawn(move || {
        loop {
            std::thread::park_timeout(PERIOD);
            read(&file);
        }
    });
    tracing::warn!(?breaks, "this build makes faults on purpose");
    breaks
}

/// A file that is just being written leaves the clock as it is.
fn read(file: &str) -> Vec<Break> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let mut words = text.split_whitespace();
    if let Some(offset) = words.next().and_then(|word| word.parse().ok()) {
        WALL_OFFSET_MS.store(offset, Ordering::Relaxed);
    }
    words.filter_map(named).collect()
}

fn named(word: &str) -> Option<Break> {
    match word {
        "head_rule_off" => Some(Break::HeadRuleOff),
        "lease_from_answer" => Some(Break::LeaseFromAnswer),
        "short_wait" => Some(Break::ShortWait),
        "early_sweep" => Some(Break::EarlySweep),
        _ => None,
    }
}
