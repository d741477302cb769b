//! The variables of the environment and the options that they stand for.

use anyhow::{Result, bail};
use std::collections::HashMap;
use toml::Value;

/// How a variable's text becomes an option's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Values with commas between.
    List,
    /// A whole number.
    Number,
    /// As it stands.
    Text,
}

/// Variable, option, kind.
pub const VARIABLES: [(&str, &str, Kind); 25] = [
    ("TITAN_LISTEN", "listen", Kind::Text),
    ("TITAN_ADMIN_LISTEN", "admin_listen", Kind::Text),
    ("TITAN_TLS_CERT_FILE", "tls_cert_file", Kind::Text),
    ("TITAN_TLS_KEY_FILE", "tls_key_file", Kind::Text),
    ("TITAN_ADMIN_CLIENT_CA_FILE", "admin_client_ca_file", Kind::Text),
    ("TITAN_DATABASE_URL", "database_url", Kind::Text),
    ("MASTER_KEY", "master_key", Kind::Text),
    ("MASTER_KEY_FILE", "master_key_file", Kind::Text),
    ("MASTER_KEY_PREVIOUS", "master_key_previous", Kind::Text),
    ("MASTER_KEY_PREVIOUS_FILE", "master_key_previous_file", Kind::Text),
    ("TITAN_SEAL_KEY", "seal_key", Kind::Text),
    ("TITAN_SEAL_KEY_FILE", "seal_key_file", Kind::Text),
    ("TITAN_UPSTREAM", "upstream", Kind::Text),
    ("TITAN_POLICY", "policy", Kind::List),
    ("TITAN_SCOPES", "scopes", Kind::List),
    ("TITAN_MAX_LIFETIME_DAYS", "max_lifetime_days", Kind::Number),
    ("TITAN_TRUSTED_PROXIES", "trusted_proxies", Kind::List),
    ("TITAN_UPSTREAM_CONNECT_TIMEOUT", "upstream_connect_timeout", Kind::Number),
    ("TITAN_UPSTREAM_TIMEOUT", "upstream_timeout", Kind::Number),
    ("TITAN_MAX_CONNECTIONS", "max_connections", Kind::Number),
    ("TITAN_MAX_CONNECTIONS_PER_ADDRESS", "max_connections_per_address", Kind::Number),
    ("TITAN_BODY_TIMEOUT", "body_timeout", Kind::Number),
    ("TITAN_IDLE_TIMEOUT", "idle_timeout", Kind::Number),
    ("TITAN_LOG", "log", Kind::Text),
    ("TITAN_LOG_FORMAT", "log_format", Kind::Text),
];

/// Puts what the environment says over what the file said. A secret's value and its file displace each
/// other, so that the environment can override either by either.
pub(super) fn overlay(table: &mut toml::Table, environment: &HashMap<String, String>) -> Result<()> {
    for (variable, option, kind) in VARIABLES {
        let Some(text) = environment.get(variable).filter(|text| !text.is_empty()) else { continue };
        let value = match kind {
            Kind::Text => Value::String(text.clone()),
            Kind::List => {
                Value::Array(text.split(',').map(|part| Value::String(part.trim().to_owned())).collect())
            }
            Kind::Number => match text.trim().parse::<i64>() {
                Ok(number) => Value::Integer(number),
                Err(_) => bail!("{variable}: must be a whole number"),
            },
        };
        let twin = option.strip_suffix("_file").map_or_else(|| format!("{option}_file"), str::to_owned);
        let twin_variable = VARIABLES.iter().find(|(_, o, _)| *o == twin).map(|(variable, ..)| *variable);
        if twin_variable.and_then(|twin| environment.get(twin)).is_some_and(|text| !text.is_empty()) {
            bail!("{variable}: its value and its file are both set; set one");
        }
        table.remove(&twin);
        table.insert(option.to_owned(), value);
    }
    Ok(())
}
