//! Logs, to standard error: as text for people, or as JSON.

use crate::config::LogFormat;
use anyhow::{Result, bail};
use std::ffi::OsStr;
use std::io::{IsTerminal, stderr};
use titan_core::settings::{LogControl, LogLevel};
use titan_core::suggest::did_you_mean;
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, registry};

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// The log of the running program: its level can be changed.
pub(crate) struct Log {
    configured: Targets,
    filter: Handle<Targets, Registry>,
}

/// Starts logging.
pub(crate) fn start(directives: &str, format: LogFormat) -> Result<Log> {
    let is_coloured = is_coloured(stderr().is_terminal(), std::env::var_os("NO_COLOR").as_deref());
    let layer = fmt::layer().with_writer(stderr).with_ansi(is_coloured);
    let layer = match format {
        LogFormat::Json => layer.json().boxed(),
        LogFormat::Text => layer.with_target(false).boxed(),
    };
    let configured = filter(directives)?;
    let (reloading, filter) = reload::Layer::new(configured.clone());
    let started = registry().with(reloading).with(layer).try_init();
    started.map_err(|error| anyhow::anyhow!("logging: {error}"))?;
    Ok(Log { configured, filter })
}

impl LogControl for Log {
    fn set(&self, level: Option<LogLevel>) {
        let filter = level.map_or_else(|| self.configured.clone(), |level| at(&self.configured, level));
        if let Err(error) = self.filter.reload(filter) {
            tracing::error!(%error, "the level of the log cannot be changed");
        }
    }

    fn configured(&self) -> LogLevel {
        let level = self.configured.default_level().and_then(LevelFilter::into_level);
        match level {
            None | Some(Level::ERROR) => LogLevel::Error,
            Some(Level::WARN) => LogLevel::Warn,
            Some(Level::INFO) => LogLevel::Info,
            Some(Level::DEBUG | Level::TRACE) => LogLevel::Debug,
        }
    }
}

/// The level of all parts for which the configuration has none of their own. Libraries log no more than `info`: their details
/// tell an operator of Titan nothing.
fn at(configured: &Targets, level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let filter = configured.clone().with_default(level.min(LevelFilter::INFO));
    let has_own = configured.iter().any(|(part, _)| part == "titan");
    if has_own { filter } else { filter.with_target("titan", level) }
}

/// Reads a level, or directives `part=level`, with commas between.
pub(crate) fn filter(directives: &str) -> Result<Targets> {
    let mut filter = Targets::new();
    for directive in directives.split(',').map(str::trim).filter(|directive| !directive.is_empty()) {
        filter = match directive.split_once('=') {
            None => filter.with_default(level(directive)?),
            Some((part, name)) => filter.with_target(part, level(name)?),
        };
    }
    Ok(filter)
}

/// A misspelt level would log nothing, or all, and nobody would know why.
fn level(name: &str) -> Result<LevelFilter> {
    if !LEVELS.iter().any(|level| level.eq_ignore_ascii_case(name)) {
        let (levels, hint) = (LEVELS.join(", "), did_you_mean(name, LEVELS));
        bail!("log (TITAN_LOG): `{name}` is not one of the levels {levels}{hint}");
    }
    Ok(name.parse()?)
}

/// Colour is for a person who looks at a terminal. `NO_COLOR` (no-color.org) counts if it is not empty.
fn is_coloured(is_terminal: bool, no_color: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty)
}

/// A path or a request id as it may be logged: somebody may have pasted a key into it.
pub(crate) fn loggable(text: &str) -> &str {
    if text.contains("titan_") || text.contains("whm_") { "[a key]" } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_set_levels_by_part() {
        let filter = filter("info, titan_edge=debug,hyper=off").unwrap();
        assert!(filter.would_enable("titan", &Level::INFO) && !filter.would_enable("titan", &Level::DEBUG));
        assert!(filter.would_enable("titan_edge::gateway", &Level::DEBUG));
        assert!(!filter.would_enable("hyper", &Level::ERROR));
    }

    #[test]
    fn a_level_that_is_set_leaves_what_the_configuration_says_of_a_part() {
        let configured = filter("warn,titan_edge=error").unwrap();
        let debug = at(&configured, LogLevel::Debug);
        assert!(debug.would_enable("titan::dispatch", &Level::DEBUG));
        assert!(debug.would_enable("titan_store", &Level::DEBUG));
        assert!(!debug.would_enable("titan_edge", &Level::WARN));
        assert!(debug.would_enable("hyper", &Level::INFO) && !debug.would_enable("hyper", &Level::DEBUG));
        let error = at(&configured, LogLevel::Error);
        assert!(!error.would_enable("titan", &Level::WARN) && !error.would_enable("hyper", &Level::WARN));
    }

    #[test]
    fn a_misspelt_level_is_refused_with_the_nearest() {
        let error = |directives| filter(directives).unwrap_err().to_string();
        assert!(error("inof").ends_with("; did you mean info?"), "{}", error("inof"));
        assert!(error("info,titan_edge=debgu").contains("`debgu`"));
        assert!(error("titan_edge").contains("`titan_edge` is not one of the levels off, error"));
    }

    #[test]
    fn colour_is_for_terminals_whose_user_does_not_refuse_it() {
        assert!(is_coloured(true, None));
        assert!(is_coloured(true, Some(OsStr::new(""))));
        assert!(!is_coloured(true, Some(OsStr::new("1"))));
        assert!(!is_coloured(false, None));
    }
}
