//! What may be asked for a new token.

use super::LONGEST_LIFE;
use super::rules::recipient;
use crate::error::Error;
use titan_token::PlainName;

/// A token lives so long, in seconds, if nothing else is asked for …
const USUAL_LIFE: u32 = 900;
/// … and at least so long.
const SHORTEST_LIFE: u32 = 60;
/// Persons with such names could be taken for users or keys by the server behind the gateway.
const RESERVED: [&str; 2] = ["usr_", "key_"];

pub(super) fn life(seconds: Option<u32>) -> Result<u32, Error> {
    let longest = u32::try_from(LONGEST_LIFE.as_secs()).unwrap_or(u32::MAX);
    let life = seconds.unwrap_or(USUAL_LIFE);
    if (SHORTEST_LIFE..=longest).contains(&life) {
        return Ok(life);
    }
    Err(Error::invalid(format!("ttlSeconds: must be {SHORTEST_LIFE} to {longest}")))
}

pub(super) fn person(name: &str) -> Result<PlainName, Error> {
    if RESERVED.iter().any(|prefix| name.starts_with(prefix)) {
        return Err(Error::invalid("ephemeralId: must not begin with usr_ or key_, which are ids of Titan"));
    }
    PlainName::new(name).ok_or_else(|| not_plain("ephemeralId"))
}

pub(super) fn chat(name: &str) -> Result<PlainName, Error> {
    recipient(name).ok_or_else(|| not_plain("chatId"))
}

fn not_plain(field: &str) -> Error {
    Error::invalid(format!("{field}: must have 1 to 128 visible ASCII characters without \" and \\"))
}
