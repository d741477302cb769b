//! The database: whether it can be read, whether the seal key fits, and what its times say of the clock.

use super::finding::Finding;
use titan_core::time::Timestamp;
use titan_store::{ConnectError, DatabaseHealth, Location, SealKeys, examine as ask};

/// SQLite writes its log into the file after about 4 MB, unless a reader keeps it from that.
const LONG_LOG: u64 = 256 << 20;
/// `titan serve` warns below this, too.
const FEW_SLOTS: usize = 3;
/// Clocks that differ by less are usual. A JWT of a clock that is further ahead than this is refused.
const SMALL_SKEW_MS: i64 = 1000;
const LARGE_SKEW_MS: i64 = 60_000;

pub(super) async fn examine(location: &Location, seal: Option<&SealKeys>, now: Timestamp) -> Vec<Finding> {
    if location.file().is_some_and(|file| !file.exists()) {
        return vec![Finding::ok(
            "database",
            format!("{location} is not there yet; the first start makes it"),
        )];
    }
    match ask(location, seal, now).await {
        Ok(health) => findings(location, &health, now),
        Err(error) => vec![Finding::problem("database", error.to_string(), advice(&error))],
    }
}

fn advice(error: &ConnectError) -> &'static str {
    match error {
        ConnectError::Newer(_) => "Use the version of Titan that upgraded it, or a later one.",
        ConnectError::NotTitan => "Check TITAN_DATABASE_URL.",
        _ => {
            "Check TITAN_DATABASE_URL, whether the server runs, and whether Titan's user may read the database."
        }
    }
}

fn findings(location: &Location, health: &DatabaseHealth, now: Timestamp) -> Vec<Finding> {
    let mut findings = vec![state(location, health)];
    findings.extend(log(health));
    findings.extend(health.opens.map(seal));
    findings.push(slots(health.free_slots));
    findings.push(clock(health, now));
    findings
}

fn state(location: &Location, health: &DatabaseHealth) -> Finding {
    if let Some(damage) = &health.damage {
        let advice =
            "Stop Titan, keep a copy of the folder, and restore a backup: titan restore FILE --replace.";
        return Finding::problem("database", format!("{location} is damaged: {damage}"), advice);
    }
    if health.is_older {
        let advice = "The next start upgrades it. Make a backup before.";
        return Finding::warning("database", format!("{location} has tables of an older version"), advice);
    }
    Finding::ok("database", format!("{location} can be read, and has the tables of this version"))
}

fn log(health: &DatabaseHealth) -> Option<Finding> {
    let what = || format!("SQLite's log has {} MB", health.log_bytes >> 20);
    let advice = "Another program may hold the database open. End it, or restart Titan.";
    (health.log_bytes > LONG_LOG).then(|| Finding::warning("database log", what(), advice))
}

fn seal(opens: bool) -> Finding {
    if opens {
        return Finding::ok("seal key", "opens the signing keys");
    }
    let advice = "Set TITAN_SEAL_KEY, or its file or command, to the key with which the database was created, or to which it was changed.";
    Finding::problem("seal key", "does not open the signing keys", advice)
}

fn slots(free: usize) -> Finding {
    let what = format!("{free} of 16 slots are free");
    let advice = "Rotate less often, or retire old signing keys: titan signing-keys retire SLOT. That revokes their keys.";
    match free {
        0 => Finding::problem("signing keys", what, advice),
        1..FEW_SLOTS => Finding::warning("signing keys", what, advice),
        _ => Finding::ok("signing keys", what),
    }
}

/// The clock of this machine, against that of the server and against what was written before.
fn clock(health: &DatabaseHealth, now: Timestamp) -> Finding {
    const ADVICE: &str = "Set the clock, and keep it right with NTP: timedatectl set-ntp true.";
    let behind = health.newest.map_or(0, |newest| newest.ms() - now.ms());
    if behind > SMALL_SKEW_MS {
        let what = format!("is {} s behind the newest row of the audit log", behind / 1000);
        return Finding::problem("clock", what, ADVICE);
    }
    let skew = health.clock.map_or(0, |clock| clock.ms() - now.ms());
    let what = format!("differs by {} s from that of the database", skew.abs() / 1000);
    match skew.abs() {
        LARGE_SKEW_MS.. => Finding::problem("clock", what, ADVICE),
        SMALL_SKEW_MS.. => Finding::warning("clock", what, ADVICE),
        _ => Finding::ok("clock", format!("{now}, not behind the database")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    fn health() -> DatabaseHealth {
        DatabaseHealth {
            is_older: false,
            damage: None,
            log_bytes: 0,
            opens: Some(true),
            free_slots: 15,
            newest: None,
            clock: None,
        }
    }

    #[test]
    fn a_clock_that_is_wrong_is_found() {
        let now = Timestamp::from_secs(1_800_000_000);
        let state = |newest: i64, clock: i64| {
            let (newest, clock) = (Some(now.plus_secs(newest)), Some(now.plus_secs(clock)));
            super::clock(&DatabaseHealth { newest, clock, ..health() }, now).state
        };
        assert_eq!(state(-5, 0), State::Ok);
        assert_eq!(state(1, 0), State::Ok);
        assert_eq!(state(2, 0), State::Problem);
        assert_eq!((state(-5, 5), state(-5, -5)), (State::Warning, State::Warning));
        assert_eq!((state(-5, 61), state(-5, -61)), (State::Problem, State::Problem));
    }

    #[test]
    fn what_is_wrong_with_a_database_is_named_with_what_to_do() {
        let location = Location::Sqlite("x.db".into());
        let text = |health: DatabaseHealth| {
            findings(&location, &health, Timestamp::from_secs(0))
                .iter()
                .map(Finding::to_text)
                .collect::<String>()
        };
        let damaged = text(DatabaseHealth { damage: Some("page 3".to_owned()), ..health() });
        assert!(damaged.contains("damaged: page 3") && damaged.contains("titan restore"), "{damaged}");
        assert!(text(DatabaseHealth { log_bytes: 300 << 20, ..health() }).contains("log has 300 MB"));
        assert!(text(DatabaseHealth { opens: Some(false), ..health() }).contains("TITAN_SEAL_KEY"));
        assert!(text(DatabaseHealth { free_slots: 0, ..health() }).contains("problem  signing keys"));
        assert!(text(DatabaseHealth { free_slots: 2, ..health() }).contains("warning  signing keys"));
        assert!(text(DatabaseHealth { is_older: true, ..health() }).contains("Make a backup before"));
        assert!(!text(health()).contains("->"));
    }
}
