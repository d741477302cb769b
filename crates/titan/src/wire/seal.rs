//! Reads the seal keys, also from what a command prints.

use crate::config::{SealSource, SealSources, VARIABLES};
use anyhow::{Context, Result, anyhow, bail};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use titan_core::entropy::Entropy;
use titan_store::{SealError, SealKey, SealKeys};
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;
use zeroize::Zeroizing;

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// More than any key has, with room for white space: 32 bytes are 44 characters.
const MOST: u64 = 1024;

/// `may_make`: whether one that is kept beside the database is made if it is not there.
pub(crate) async fn seal_keys(
    sources: &SealSources,
    may_make: bool,
    entropy: &dyn Entropy,
) -> Result<SealKeys> {
    let current = read_seal_key("TITAN_SEAL_KEY", &sources.current, may_make, entropy).await?;
    let previous = match &sources.previous {
        Some(source) => Some(read_seal_key("TITAN_SEAL_KEY_PREVIOUS", source, false, entropy).await?),
        None => None,
    };
    Ok(SealKeys::new(current, previous))
}

/// Reads one. `variable` names it in errors, which never show what was read.
pub(crate) async fn read_seal_key(
    variable: &str,
    source: &SealSource,
    may_make: bool,
    entropy: &dyn Entropy,
) -> Result<SealKey> {
    match source {
        SealSource::Beside(path) => {
            SealKey::beside(path, may_make, entropy).with_context(|| format!("seal key {}", path.display()))
        }
        SealSource::Command(words) => {
            let printed = run(words, PATIENCE).await;
            printed
                .with_context(|| format!("{variable}_COMMAND: {}", words.first().map_or("", String::as_str)))
        }
        SealSource::File(path) => {
            SealKey::from_file(path).with_context(|| format!("{variable}_FILE: {}", path.display()))
        }
        SealSource::Value(text) => SealKey::from_base64(text).with_context(|| variable.to_owned()),
    }
}

/// The key that a program prints. What it writes to standard error goes where that of Titan goes.
async fn run(words: &[String], patience: Duration) -> Result<SealKey> {
    let (program, arguments) = words.split_first().context("names no program")?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    // It needs its own environment, such as that of a cloud, but none of our secrets.
    for (variable, ..) in VARIABLES {
        command.env_remove(variable);
    }
    let printed = timeout(patience, print(command)).await;
    let (text, status) =
        printed.map_err(|_| anyhow!("did not end within {} s", patience.as_secs_f32()))??;
    if !status.success() {
        bail!("failed ({status}); run it as the user of Titan to see why");
    }
    read_printed(&text)
}

async fn print(mut command: Command) -> Result<(Zeroizing<Vec<u8>>, ExitStatus)> {
    let mut child = command.spawn().context("cannot be run")?;
    let mut text = Zeroizing::new(Vec::with_capacity(usize::try_from(MOST)?));
    let output = child.stdout.take().context("has no output")?;
    output.take(MOST).read_to_end(&mut text).await.context("its output cannot be read")?;
    let status = child.wait().await.context("its end cannot be seen")?;
    Ok((text, status))
}

fn read_printed(text: &[u8]) -> Result<SealKey> {
    let text = std::str::from_utf8(text).unwrap_or_default().trim();
    if text.is_empty() {
        bail!("ended well, but printed no text; it must print the key: 32 bytes in base64");
    }
    match SealKey::from_base64(text) {
        Ok(key) => Ok(key),
        Err(SealError::Format) => {
            bail!("printed something else than a key; it must print 32 bytes in base64, and nothing else")
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    async fn printed(script: &str, patience: Duration) -> Result<SealKey> {
        let words = ["sh", "-c", script].map(str::to_owned);
        run(&words, patience).await
    }

    #[tokio::test]
    async fn what_a_command_prints_is_the_key() {
        for script in [format!("echo {KEY}"), format!("printf ' {KEY}'"), format!("echo x >&2; echo {KEY}")] {
            assert!(printed(&script, PATIENCE).await.is_ok(), "{script}");
        }
    }

    #[tokio::test]
    async fn a_command_that_fails_or_prints_something_else_is_named_and_its_output_is_not_shown() {
        for (script, why) in [
            (format!("echo {KEY}; exit 7"), "exit status: 7"),
            (format!("echo {KEY}; kill -9 $$"), "signal: 9"),
            ("true".to_owned(), "printed no text"),
            ("printf '\\377\\376'".to_owned(), "printed no text"),
            ("echo hunter2".to_owned(), "printed something else"),
            (format!("echo {KEY}; echo {KEY}"), "printed something else"),
            ("yes hunter2".to_owned(), ""),
        ] {
            let error = format!("{:#}", printed(&script, PATIENCE).await.err().unwrap());
            assert!(error.contains(why) && !error.contains("AAEC") && !error.contains("hunter2"), "{error}");
        }
        let words = ["/no/such/program".to_owned()];
        let error = format!("{:#}", run(&words, PATIENCE).await.err().unwrap());
        assert!(error.contains("cannot be run") && error.contains("No such file"), "{error}");
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_ended() {
        for script in ["exec sleep 600", "sleep 5 2>/dev/null & exec sleep 5", "exec >&-; exec sleep 600"] {
            let error = printed(script, Duration::from_millis(300)).await.err().unwrap();
            assert!(error.to_string().contains("did not end within 0.3 s"), "{error:#}");
        }
    }
}
