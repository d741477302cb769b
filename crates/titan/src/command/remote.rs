//! What the commands that ask a running Titan have in common: options, answers, a question before harm.

use super::client::{Answer, Client};
use super::environment;
use super::table::clean;
use super::tls::TlsOptions;
use crate::config::check_names;
use anyhow::{Context, Result, bail};
use clap::Args;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io::{ErrorKind, IsTerminal, Write, stderr, stdin, stdout};
use titan_core::time::Timestamp;

/// Which Titan, and for whom its answer is printed.
#[derive(Args)]
pub(super) struct Remote {
    /// The address of Titan, `http://host:port` or `https://host:port` [default: port 8080 of this machine]
    #[arg(long, global = true, env = "TITAN_URL", value_name = "URL", display_order = 100)]
    url: Option<String>,
    /// Print the `data` of the answer as JSON
    #[arg(long, global = true, display_order = 101)]
    pub(super) json: bool,
    #[command(flatten)]
    tls: TlsOptions,
}

impl Remote {
    pub(super) fn client(&self) -> Result<Client> {
        let environment = environment();
        check_names(&environment)?;
        Client::new(self.url.as_deref().unwrap_or_default(), &self.tls, &environment)
    }

    /// Prints what is in an answer: `text` of it, or its JSON.
    pub(super) fn print<T: DeserializeOwned>(
        &self,
        answer: &Answer,
        text: impl FnOnce(T) -> String,
    ) -> Result<()> {
        // What cannot be read comes from another version of Titan. It may hold a key that is shown once, so
        // it is printed as it is.
        match T::deserialize(&answer.data) {
            Ok(data) if !self.json => print(&text(data))?,
            _ => print_json(&answer.data)?,
        }
        if answer.next_cursor.is_some() {
            eprintln!("There are more: --all shows them.");
        }
        Self::print_receipt(answer, self.json)
    }

    /// Prints the key that an answer brings and nothing else on standard output, so that a script can keep it.
    pub(super) fn print_key(answer: &Answer) -> Result<()> {
        match answer.data["key"].as_str() {
            Some(key) => print(&clean(key))?,
            // From another version of Titan. The key may be in there, and it is shown once.
            None => print_json(&answer.data)?,
        }
        Self::print_receipt(answer, true)
    }

    /// Prints that something was done whose answer is empty.
    pub(super) fn print_done(&self, answer: &Answer, text: &str) -> Result<()> {
        if !self.json {
            print(text)?;
        }
        Self::print_receipt(answer, self.json)
    }

    /// A program that reads standard output finds nothing else there.
    fn print_receipt(answer: &Answer, is_for_program: bool) -> Result<()> {
        match answer.receipt.as_deref().map(receipt) {
            Some(words) if is_for_program => Ok(writeln!(stderr(), "{words}")?),
            Some(words) => print(&words),
            None => Ok(()),
        }
    }
}

/// On or off.
#[derive(Args)]
pub(super) struct Switch {
    /// Enable it
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Disable it
    #[arg(long)]
    disable: bool,
}

impl Switch {
    /// What `isActive` shall be, if it shall change.
    pub(super) fn is_active(&self) -> Option<bool> {
        (self.enable || self.disable).then_some(self.enable)
    }
}

/// A time, or the start of a day in UTC.
pub(super) fn moment(text: &str) -> Result<String, String> {
    let day = format!("{text}T00:00:00Z");
    let moment = [text, &day].into_iter().find(|text| Timestamp::parse(text).is_some());
    moment
        .map(str::to_owned)
        .ok_or_else(|| "must be a day (2026-01-31) or a time (2026-01-31T12:00:00Z)".to_owned())
}

/// A hash as it is printed.
pub(super) fn hex(hash: &[u8; 32]) -> String {
    hex_simd::encode_to_string(hash, hex_simd::AsciiCase::Lower)
}

/// Prints a text and a line break. Whoever has read enough (`| head`) is no error.
pub(super) fn print(text: &str) -> Result<()> {
    match writeln!(stdout(), "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.context("standard output"),
    }
}

pub(super) fn print_json(json: &Value) -> Result<()> {
    print(&serde_json::to_string_pretty(json)?)
}

/// Asks before what cannot be undone. The question is made only if there is somebody to ask.
pub(super) fn confirm(is_agreed: bool, question: impl FnOnce() -> Result<String>) -> Result<()> {
    if is_agreed {
        return Ok(());
    }
    if !stdin().is_terminal() {
        bail!("this cannot be undone, and there is no terminal to ask on: say --yes");
    }
    eprint!("{} [y/N] ", question()?);
    let mut line = String::new();
    stdin().read_line(&mut line)?;
    if !["y", "yes"].contains(&line.trim().to_ascii_lowercase().as_str()) {
        bail!("nothing was changed");
    }
    Ok(())
}

/// `Titan-Revocation` in words.
fn receipt(header: &str) -> String {
    let field = |name: &str| {
        let value =
            header.split(',').filter_map(|field| field.trim().split_once('=')).find(|(n, _)| *n == name);
        value.and_then(|(_, value)| value.parse::<u64>().ok())
    };
    let (Some(revision), Some(applied), Some(lapsed), Some(ms)) =
        (field("rev"), field("applied"), field("lapsed"), field("ms"))
    else {
        // Nothing is claimed that was not understood.
        return format!("Titan-Revocation: {}.", clean(header));
    };
    let instances = if applied == 1 { "instance" } else { "instances" };
    let lapsed =
        if lapsed == 0 { String::new() } else { format!(", {lapsed} more lost the right to answer") };
    format!("In force everywhere: revision {revision} ({applied} {instances}{lapsed}, {ms} ms).")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_days_or_moments() {
        assert_eq!(moment("2026-01-31").unwrap(), "2026-01-31T00:00:00Z");
        assert_eq!(moment("2026-01-31T12:00:00+02:00").unwrap(), "2026-01-31T12:00:00+02:00");
        for text in ["", "yesterday", "2026-02-30", "2026-1-1", "2026-01-31T12:00", "2026-01-31T25:00:00Z"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn receipts_are_told_in_words() {
        let words = receipt("rev=42, applied=1, lapsed=0, ms=7");
        assert_eq!(words, "In force everywhere: revision 42 (1 instance, 7 ms).");
        let words = receipt("rev=43, applied=3, lapsed=1, ms=5200");
        assert_eq!(
            words,
            "In force everywhere: revision 43 (3 instances, 1 more lost the right to answer, 5200 ms)."
        );
        assert_eq!(receipt("rev=\x1b9"), "Titan-Revocation: rev=\u{fffd}9.");
    }
}
