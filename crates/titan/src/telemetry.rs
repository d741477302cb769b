//! Logs, to standard error: as text for people, or as JSON.

use crate::config::LogFormat;
use anyhow::{Context, Result};
use tracing_subscriber::EnvFilter;

/// Starts logging. `filter` is a level, or directives of tracing's `EnvFilter`.
pub(crate) fn start(filter: &str, format: LogFormat) -> Result<()> {
    let filter = EnvFilter::try_new(filter).context("TITAN_LOG")?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Json => builder.json().try_init(),
        LogFormat::Text => builder.with_target(false).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("logging: {error}"))
}
