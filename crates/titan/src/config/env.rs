//! The variables of the environment and the options that they stand for.

use super::Config;
use anyhow::{Result, bail};
use std::collections::HashMap;
use titan_core::suggest::nearest;
use titan_edge::fault::VARIABLE;
use toml::Value;

/// How a variable's text becomes an option's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number that need not be whole.
    Decimal,
    /// Values with commas between.
    List,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Switch,
    /// As it stands.
    Text,
    /// A program and its arguments, with white space between.
    Words,
}

/// Variable, option, kind.
pub const VARIABLES: [(&str, &str, Kind); 59] = [
    ("TITAN_LISTEN", "listen", Kind::Text),
    ("TITAN_ADMIN_LISTEN", "admin_listen", Kind::Text),
    ("TITAN_METRICS_LISTEN", "metrics_listen", Kind::Text),
    ("TITAN_CONSOLE", "console", Kind::Switch),
    ("TITAN_TLS_CERT_FILE", "tls_cert_file", Kind::Text),
    ("TITAN_TLS_KEY_FILE", "tls_key_file", Kind::Text),
    ("TITAN_ADMIN_CLIENT_CA_FILE", "admin_client_ca_file", Kind::Text),
    ("TITAN_DATABASE_URL", "database_url", Kind::Text),
    ("TITAN_DATABASE_URL_FILE", "database_url_file", Kind::Text),
    ("MASTER_KEY", "master_key", Kind::Text),
    ("MASTER_KEY_FILE", "master_key_file", Kind::Text),
    ("MASTER_KEY_PREVIOUS", "master_key_previous", Kind::Text),
    ("MASTER_KEY_PREVIOUS_FILE", "master_key_previous_file", Kind::Text),
    ("TITAN_SEAL_KEY", "seal_key", Kind::Text),
    ("TITAN_SEAL_KEY_FILE", "seal_key_file", Kind::Text),
    ("TITAN_SEAL_KEY_COMMAND", "seal_key_command", Kind::Words),
    ("TITAN_SEAL_KEY_PREVIOUS", "seal_key_previous", Kind::Text),
    ("TITAN_SEAL_KEY_PREVIOUS_FILE", "seal_key_previous_file", Kind::Text),
    ("TITAN_SEAL_KEY_PREVIOUS_COMMAND", "seal_key_previous_command", Kind::Words),
    ("TITAN_UPSTREAM", "upstream", Kind::Text),
    ("TITAN_UPSTREAM_CA_FILE", "upstream_ca_file", Kind::Text),
    ("TITAN_UPSTREAM_CERT_FILE", "upstream_cert_file", Kind::Text),
    ("TITAN_UPSTREAM_KEY_FILE", "upstream_key_file", Kind::Text),
    ("TITAN_POLICY", "policy", Kind::List),
    ("TITAN_SCOPES", "scopes", Kind::List),
    ("TITAN_OWNER_SCOPES", "owner_scopes", Kind::List),
    ("TITAN_ADMIN_SCOPES", "admin_scopes", Kind::List),
    ("TITAN_MEMBER_SCOPES", "member_scopes", Kind::List),
    ("TITAN_JWT_ISSUER", "jwt_issuer", Kind::Text),
    ("TITAN_JWT_AUDIENCE", "jwt_audience", Kind::Text),
    ("TITAN_LEGACY_KEYS_URL", "legacy_keys_url", Kind::Text),
    ("TITAN_LICENSE_FILE", "license_file", Kind::Text),
    ("TITAN_LICENSE_PUBLIC_KEY", "license_public_key", Kind::Text),
    ("TITAN_PLATFORM", "platform", Kind::List),
    ("TITAN_AWS_ACCOUNT_ID", "aws_account_id", Kind::Text),
    ("TITAN_IDENTITY_AUDIENCE", "identity_audience", Kind::Text),
    ("TITAN_INVITATION_URL", "invitation_url", Kind::Text),
    ("TITAN_MAX_LIFETIME_DAYS", "max_lifetime_days", Kind::Number),
    ("TITAN_SIGNING_KEY_ROTATION_DAYS", "signing_key_rotation_days", Kind::Number),
    ("TITAN_FAILED_ATTEMPTS", "failed_attempts", Kind::Number),
    ("TITAN_RATE_LIMIT", "rate_limit", Kind::Number),
    ("TITAN_MSG_RATE_LIMIT", "msg_rate_limit", Kind::Number),
    ("TITAN_TRUSTED_PROXIES", "trusted_proxies", Kind::List),
    ("TITAN_UPSTREAM_CONNECT_TIMEOUT", "upstream_connect_timeout", Kind::Number),
    ("TITAN_UPSTREAM_TIMEOUT", "upstream_timeout", Kind::Number),
    ("TITAN_MAX_CONNECTIONS", "max_connections", Kind::Number),
    ("TITAN_MAX_CONNECTIONS_PER_ADDRESS", "max_connections_per_address", Kind::Number),
    ("TITAN_BODY_TIMEOUT", "body_timeout", Kind::Number),
    ("TITAN_IDLE_TIMEOUT", "idle_timeout", Kind::Number),
    ("TITAN_LOG", "log", Kind::Text),
    ("TITAN_LOG_FORMAT", "log_format", Kind::Text),
    ("TITAN_ACCESS_LOG", "access_log", Kind::Text),
    ("TITAN_ACCESS_LOG_FORMAT", "access_log_format", Kind::Text),
    ("TITAN_USAGE_DAY_RETENTION", "usage_day_retention", Kind::Number),
    ("TITAN_USAGE_HOUR_RETENTION", "usage_hour_retention", Kind::Number),
    ("TITAN_USAGE_MINUTE_RETENTION", "usage_minute_retention", Kind::Number),
    ("TITAN_USAGE_CLIENTS", "usage_clients", Kind::Text),
    ("TITAN_OTLP_ENDPOINT", "otlp_endpoint", Kind::Text),
    ("TITAN_OTLP_SAMPLE_RATIO", "otlp_sample_ratio", Kind::Decimal),
];

/// What the commands read besides options.
const OTHERS: [&str; 5] =
    ["TITAN_CA_FILE", "TITAN_CLIENT_CERT_FILE", "TITAN_CLIENT_KEY_FILE", "TITAN_CONFIG", "TITAN_URL"];

/// Refuses a variable that looks like one of ours and is none: a misspelt one would be ignored, and its default used.
pub(crate) fn check_names(environment: &HashMap<String, String>) -> Result<()> {
    let known = VARIABLES.iter().map(|(variable, ..)| *variable).chain(OTHERS);
    let is_ours = |name: &str| name.starts_with("TITAN_") || name.starts_with("MASTER_KEY");
    let is_known = |name: &str| known.clone().any(|variable| variable == name) || VARIABLE == Some(name);
    let set = environment.iter().filter(|(name, value)| !is_of_a_service(name, value));
    let unknown = set.map(|(name, _)| name.as_str()).filter(|name| is_ours(name) && !is_known(name));
    // The least, so that the same environment always gives the same error.
    match unknown.min().map(|name| (name, nearest(name, known.clone()))) {
        None => Ok(()),
        Some((name, Some(near))) => bail!("{name}: unknown variable; did you mean {near}?"),
        Some((name, None)) => {
            bail!("{name}: unknown variable; the variables are {}", known.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Kubernetes tells each container the address of a service `titan` in variables such as `TITAN_SERVICE_HOST`,
/// `TITAN_PORT=tcp://10.0.0.1:8080` and `TITAN_PORT_8080_TCP_ADDR`.
fn is_of_a_service(name: &str, value: &str) -> bool {
    let is_port = |rest: &str| rest.is_empty() || rest.starts_with('_');
    name.ends_with("_SERVICE_HOST")
        || name.split_once("_SERVICE_PORT").is_some_and(|(_, rest)| is_port(rest))
        || (name.ends_with("_PORT") && value.contains("://"))
        || name.split_once("_PORT_").is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Puts what the environment says over what the file said. A secret's value, its file and its command displace each
/// other, so that the environment can override any of them by any.
pub(super) fn overlay(table: &mut toml::Table, environment: &HashMap<String, String>) -> Result<()> {
    for (variable, option, kind) in VARIABLES {
        let Some(text) = environment.get(variable).filter(|text| !text.is_empty()) else { continue };
        let value = parse(variable, kind, text)?;
        for twin in twins(option) {
            let other = VARIABLES.iter().find(|(_, o, _)| *o == twin).map(|(variable, ..)| *variable);
            if let Some(other) =
                other.filter(|other| environment.get(*other).is_some_and(|text| !text.is_empty()))
            {
                bail!("{variable}, {other}: both set; set one");
            }
            table.remove(&twin);
        }
        table.insert(option.to_owned(), value);
    }
    Ok(())
}

/// The other options that say the same secret.
fn twins(option: &str) -> impl Iterator<Item = String> {
    let value = option.strip_suffix("_file").or_else(|| option.strip_suffix("_command")).unwrap_or(option);
    let all = ["", "_file", "_command"].map(|suffix| format!("{value}{suffix}"));
    all.into_iter().filter(move |name| name != option)
}

fn parse(variable: &str, kind: Kind, text: &str) -> Result<Value> {
    Ok(match kind {
        Kind::Text => Value::String(text.to_owned()),
        Kind::Words => {
            Value::Array(text.split_whitespace().map(|word| Value::String(word.to_owned())).collect())
        }
        Kind::List => {
            Value::Array(text.split(',').map(|part| Value::String(part.trim().to_owned())).collect())
        }
        Kind::Decimal => match text.trim().parse() {
            Ok(number) => Value::Float(number),
            Err(_) => bail!("{variable}: must be a number"),
        },
        Kind::Switch => match text.trim().parse() {
            Ok(is_on) => Value::Boolean(is_on),
            Err(_) => bail!("{variable}: must be true or false"),
        },
        Kind::Number => match text.trim().parse() {
            Ok(number) => Value::Integer(number),
            Err(_) => bail!("{variable}: must be a whole number"),
        },
    })
}

/// The variable whose value no configuration can have: the error of a whole configuration does not say which.
pub(super) fn mistaken(environment: &HashMap<String, String>) -> &'static str {
    let is_mistaken = |(variable, option, kind): &(&str, &str, Kind)| {
        let text = environment.get(*variable).filter(|text| !text.is_empty());
        let value = text.and_then(|text| parse(variable, *kind, text).ok());
        value.is_some_and(|value| {
            toml::Table::from_iter([((*option).to_owned(), value)]).try_into::<Config>().is_err()
        })
    };
    VARIABLES.iter().find(|row| is_mistaken(row)).map_or("environment", |(variable, ..)| variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(name: &str) -> Option<String> {
        let environment = HashMap::from([(name.to_owned(), String::new())]);
        check_names(&environment).err().map(|error| error.to_string())
    }

    #[test]
    fn unknown_variables_are_refused_and_the_nearest_is_named_even_if_they_are_empty() {
        for (name, near) in [
            ("TITAN_LISTN", "TITAN_LISTEN"),
            ("TITAN_DATABASE", "TITAN_DATABASE_URL"),
            ("TITAN_TRUSTED_PROXY", "TITAN_TRUSTED_PROXIES"),
            ("TITAN_ULR", "TITAN_URL"),
            ("MASTER_KEY_PREV", "MASTER_KEY_PREVIOUS"),
            ("MASTER_KEYFILE", "MASTER_KEY_FILE"),
            ("MASTER_KEYS", "MASTER_KEY"),
        ] {
            assert_eq!(error(name).unwrap(), format!("{name}: unknown variable; did you mean {near}?"));
        }
        let far = error("TITAN_XYZZY_PLUGH").unwrap();
        assert!(far.contains("the variables are TITAN_LISTEN, ") && far.contains("TITAN_CONFIG"), "{far}");
    }

    #[test]
    fn known_variables_and_those_of_other_programs_pass() {
        let known = VARIABLES.iter().map(|(variable, ..)| *variable).chain(OTHERS);
        for name in known.chain(["PATH", "TITANIC", "MASTER", "NOT_TITAN_LISTN", "titan_listn"]) {
            assert_eq!(error(name), None, "{name}");
        }
    }

    #[test]
    fn only_the_build_of_the_fault_test_knows_its_variable() {
        assert_eq!(error("TITAN_FAULT").is_none(), cfg!(feature = "fault"));
    }

    #[test]
    fn a_kubernetes_service_of_this_name_is_no_misspelling() {
        for name in [
            "TITAN_SERVICE_HOST",
            "TITAN_SERVICE_PORT",
            "TITAN_SERVICE_PORT_HTTP",
            "TITAN_ADMIN_SERVICE_HOST",
            "TITAN_PORT_8080_TCP",
            "TITAN_PORT_8080_TCP_ADDR",
        ] {
            assert_eq!(error(name), None, "{name}");
        }
        let port = |value: &str| check_names(&HashMap::from([("TITAN_PORT".to_owned(), value.to_owned())]));
        assert!(port("tcp://10.0.0.1:8080").is_ok() && port("8080").is_err());
        assert!(error("TITAN_SERVICE_PORTS").is_some() && error("TITAN_PORT_X").is_some());
    }
}
