//! A configuration that was checked: values of the types that the program works with.

use super::license::license;
use super::people::{RoleScopes, identity_audience, invitation_page, jwt, legacy_link};
use super::seal::SealSources;
use super::secrets::{MasterSecrets, secret};
use super::{Config, LogFormat, UpstreamConfig, UsageClients, policy_text};
use crate::access_log::AccessLogSettings;
use crate::pem::{Pem, certified_key};
use crate::server::{Limits, TlsFiles};
use crate::telemetry;
use crate::traces::TraceSettings;
use anyhow::{Context, Result, bail};
use http::HeaderValue;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use titan_core::access::Catalogue;
use titan_core::license::License;
use titan_core::limit::MOST;
use titan_core::policy::{Policy, PolicySet, Problem};
use titan_core::session::JwtSettings;
use titan_core::settings::Settings as FirstSettings;
use titan_core::usage::Retention;
use titan_edge::TrustedProxies;
use titan_edge::gateway::Settings as GatewaySettings;
use titan_edge::upstream::{Address, TlsSettings, Upstream, UpstreamMap};
use titan_store::Location;
use titan_token::JwtParty;

/// A checked configuration.
pub struct Settings {
    /// The public port.
    pub listen: SocketAddr,
    /// The control plane's port, if it has its own.
    pub admin_listen: Option<SocketAddr>,
    /// The port for metrics, if it has its own.
    pub metrics_listen: Option<SocketAddr>,
    /// Whether there are pages for browsers.
    pub console: bool,
    /// What makes connections secret, if anything does.
    pub tls: Option<TlsFiles>,
    /// Where the database is.
    pub database: Location,
    /// The master keys.
    pub master: MasterSecrets,
    /// The seal keys.
    pub(crate) seal: SealSources,
    /// The servers behind the gateway.
    pub upstreams: Vec<UpstreamConfig>,
    /// The operator's scopes.
    pub scopes: Vec<String>,
    /// The scopes of the roles, by their names.
    pub roles: RoleScopes,
    /// Who issues JWTs, and for whom.
    pub jwt: JwtSettings,
    /// For whom identity tokens are, if they are made.
    pub identity_audience: Option<JwtParty>,
    /// What answers to holders of imported keys have as `Link`.
    pub legacy_link: Option<HeaderValue>,
    /// The license, if there is one: its signature holds, and it is for this place.
    pub license: Option<License>,
    /// The page that accepts invitations.
    pub invitation_url: Option<String>,
    /// The longest lifetime of a key, in days.
    pub max_lifetime_days: u32,
    /// After how many days signing keys rotate by themselves, if they do.
    pub signing_key_rotation_days: Option<u32>,
    /// How many failures of an address are answered at once in a minute; `None`: all.
    pub failed_attempts: Option<u32>,
    /// The first settings of a new database.
    pub first_settings: FirstSettings,
    /// How the gateway behaves.
    pub gateway: GatewaySettings,
    /// How many connections there may be, and how long they may take.
    pub limits: Limits,
    /// What is logged.
    pub log: String,
    /// How.
    pub log_format: LogFormat,
    /// Where spans go, if requests are traced.
    pub traces: Option<TraceSettings>,
    /// How long usage is kept, if it is counted.
    pub usage: Option<Retention>,
    /// The access log, if one is kept.
    pub access_log: Option<AccessLogSettings>,
}

impl Settings {
    /// Checks a configuration. The first mistake is named.
    pub fn check(config: Config) -> Result<Self> {
        let database = location(&config)?;
        if !(1..=3_650).contains(&config.max_lifetime_days) {
            bail!("max_lifetime_days: must be 1 to 3650");
        }
        if config.failed_attempts > 1_000_000 {
            bail!("failed_attempts: must be at most 1000000; 0 is no limit");
        }
        if config.signing_key_rotation_days > 3_650 {
            bail!("signing_key_rotation_days: must be at most 3650; 0 is never");
        }
        telemetry::filter(&config.log)?;
        Ok(Self {
            listen: address("listen", &config.listen)?,
            admin_listen: optional_address("admin_listen", config.admin_listen.as_ref())?,
            metrics_listen: optional_address("metrics_listen", config.metrics_listen.as_ref())?,
            console: config.console,
            tls: tls(&config)?,
            master: MasterSecrets::check(&config)?,
            seal: SealSources::check(&config, &database)?,
            upstreams: upstreams(&config)?,
            gateway: gateway(&config)?,
            limits: limits(&config)?,
            identity_audience: identity_audience(config.identity_audience.as_deref())?,
            legacy_link: config.legacy_keys_url.as_deref().map(legacy_link).transpose()?,
            license: license(&config)?,
            traces: TraceSettings::parse(config.otlp_endpoint.as_deref(), config.otlp_sample_ratio)?,
            usage: usage(&config)?,
            access_log: AccessLogSettings::parse(&config.access_log, config.access_log_format)?,
            database,
            scopes: config.scopes,
            roles: RoleScopes {
                owner: config.owner_scopes,
                admin: config.admin_scopes,
                member: config.member_scopes,
            },
            jwt: jwt(&config.jwt_issuer, &config.jwt_audience)?,
            invitation_url: config.invitation_url.map(invitation_page).transpose()?,
            max_lifetime_days: config.max_lifetime_days,
            failed_attempts: Some(config.failed_attempts).filter(|count| *count > 0),
            first_settings: first_settings(config.rate_limit, config.msg_rate_limit)?,
            signing_key_rotation_days: Some(config.signing_key_rotation_days).filter(|days| *days > 0),
            log: config.log,
            log_format: config.log_format,
        })
    }

    /// Reads all policies and puts the upstreams together. Every mistake in a policy is named with its line.
    pub fn upstream_map(&self, catalogue: &Catalogue) -> Result<UpstreamMap> {
        let upstreams = self.upstreams.iter().map(|upstream| {
            let policies = policy_set(&upstream.policy, catalogue)?;
            Upstream::new(upstream_address(upstream)?, &upstream.paths, policies)
                .map_err(|error| anyhow::anyhow!("upstream {error}"))
        });
        let upstreams = upstreams.collect::<Result<Vec<_>>>()?;
        UpstreamMap::new(upstreams).map_err(|error| anyhow::anyhow!("upstream {error}"))
    }
}

/// Reads policies by name or file.
pub(crate) fn policy_set(names: &[String], catalogue: &Catalogue) -> Result<PolicySet> {
    let mut problems = Vec::new();
    let mut policies = Vec::new();
    for name in names {
        match Policy::parse(name, &policy_text(name)?, catalogue) {
            Ok(policy) => policies.push(policy),
            Err(found) => problems.extend(found),
        }
    }
    if !problems.is_empty() {
        bail!("{}", lines(&problems));
    }
    PolicySet::new(policies).map_err(|problems| anyhow::anyhow!("{}", lines(&problems)))
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn address(option: &str, text: &str) -> Result<SocketAddr> {
    text.parse().with_context(|| format!("{option}: `{text}` must have the form address:port"))
}

fn optional_address(option: &str, text: Option<&String>) -> Result<Option<SocketAddr>> {
    text.map(|text| address(option, text)).transpose()
}

fn tls(config: &Config) -> Result<Option<TlsFiles>> {
    let client_ca = config.admin_client_ca_file.clone();
    if client_ca.is_some() && config.admin_listen.is_none() {
        bail!("admin_client_ca_file: needs admin_listen, as it guards the control plane's own port alone");
    }
    match (config.tls_cert_file.clone(), config.tls_key_file.clone()) {
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key, client_ca })),
        (Some(_), None) => bail!("tls_cert_file: needs tls_key_file, the file with the certificate's key"),
        (None, Some(_)) => bail!("tls_key_file: needs tls_cert_file, the file with the key's certificate"),
        (None, None) if client_ca.is_some() => {
            bail!(
                "admin_client_ca_file: needs tls_cert_file and tls_key_file: only TLS has client certificates"
            )
        }
        (None, None) => Ok(None),
    }
}

fn upstreams(config: &Config) -> Result<Vec<UpstreamConfig>> {
    let listed = match (&config.upstream, config.upstreams.as_slice()) {
        (Some(_), [_, ..]) => bail!("upstream, upstreams: set only one of them"),
        (Some(url), []) => {
            vec![UpstreamConfig {
                url: url.clone(),
                ca_file: config.upstream_ca_file.clone(),
                cert_file: config.upstream_cert_file.clone(),
                key_file: config.upstream_key_file.clone(),
                policy: config.policy.clone(),
                paths: super::everywhere(),
            }]
        }
        (None, _) if !config.policy.is_empty() => bail!("policy: needs `upstream` (TITAN_UPSTREAM) too"),
        (None, _) if has_upstream_files(config) => {
            bail!(
                "upstream_ca_file, upstream_cert_file, upstream_key_file: need `upstream` (TITAN_UPSTREAM) too"
            )
        }
        (None, listed) => listed.to_vec(),
    };
    if let Some(open) = listed.iter().find(|upstream| upstream.policy.is_empty()) {
        bail!("upstream {}: needs a policy (TITAN_POLICY), for example `whatsapp`", open.url);
    }
    Ok(listed)
}

fn has_upstream_files(config: &Config) -> bool {
    [&config.upstream_ca_file, &config.upstream_cert_file, &config.upstream_key_file]
        .iter()
        .any(|file| file.is_some())
}

/// Where an upstream is, with its TLS settings.
pub(crate) fn upstream_address(upstream: &UpstreamConfig) -> Result<Address> {
    let tls = upstream_tls(upstream).with_context(|| format!("upstream {}", upstream.url))?;
    Address::parse(&upstream.url, &tls).map_err(|error| anyhow::anyhow!("upstream {error}"))
}

/// Reads the files that say how an `https://` upstream is trusted.
fn upstream_tls(upstream: &UpstreamConfig) -> Result<TlsSettings> {
    let ca = upstream.ca_file.as_ref().map(|path| Pem::read("ca_file", path)?.roots()).transpose()?;
    let identity = match (&upstream.cert_file, &upstream.key_file) {
        (Some(certificate), Some(key)) => {
            let (certificate, key) = (Pem::read("cert_file", certificate)?, Pem::read("key_file", key)?);
            Some(Arc::new(certified_key(&certificate, &key)?))
        }
        (None, None) => None,
        _ => bail!("cert_file, key_file: a client certificate and its key go only together"),
    };
    Ok(TlsSettings { ca, identity })
}

fn seconds(option: &str, value: u32) -> Result<Duration> {
    match value {
        1..=3600 => Ok(Duration::from_secs(value.into())),
        _ => bail!("{option}: must be 1 to 3600 seconds"),
    }
}

fn limits(config: &Config) -> Result<Limits> {
    if config.max_connections == Some(0) || config.max_connections_per_address == Some(0) {
        bail!("max_connections, max_connections_per_address: must be at least 1");
    }
    Ok(Limits {
        max_connections: config.max_connections,
        max_connections_per_address: config.max_connections_per_address,
        body_timeout: seconds("body_timeout", config.body_timeout)?,
        idle_timeout: seconds("idle_timeout", config.idle_timeout)?,
    })
}

fn gateway(config: &Config) -> Result<GatewaySettings> {
    let trusted = TrustedProxies::parse(&config.trusted_proxies);
    Ok(GatewaySettings {
        connect_timeout: seconds("upstream_connect_timeout", config.upstream_connect_timeout)?,
        answer_timeout: seconds("upstream_timeout", config.upstream_timeout)?,
        trusted_proxies: trusted.map_err(|error| anyhow::anyhow!("trusted_proxies: {error}"))?,
    })
}

/// Where the database is: by the option itself, or by its file.
pub(crate) fn location(config: &Config) -> Result<Location> {
    let is_set = config.database_url != Config::default().database_url;
    let value = Some(&config.database_url).filter(|_| is_set || config.database_url_file.is_none());
    let url = secret("TITAN_DATABASE_URL", value, config.database_url_file.as_ref())?;
    Ok(Location::parse(&url.unwrap_or_default())?)
}

/// How long usage is kept. What is shorter is never kept for longer: it is the larger part.
fn usage(config: &Config) -> Result<Option<Retention>> {
    let (minute, hour) = (config.usage_minute_retention, config.usage_hour_retention);
    let day = config.usage_day_retention;
    if day == 0 {
        return Ok(None);
    }
    if day > 3_650 {
        bail!("usage_day_retention: must be 0 to 3650 days; 0 is no usage");
    }
    if !(1..=day).contains(&hour) {
        bail!("usage_hour_retention: must be 1 to {day} days, as usage_day_retention is");
    }
    if !(1..=hour).contains(&minute) {
        bail!("usage_minute_retention: must be 1 to {hour} days, as usage_hour_retention is");
    }
    Ok(Some(Retention { minute, hour, day, keeps_clients: config.usage_clients == UsageClients::Shortened }))
}

fn first_settings(rate_limit: u32, msg_rate_limit: u32) -> Result<FirstSettings> {
    for (name, limit) in [("rate_limit", rate_limit), ("msg_rate_limit", msg_rate_limit)] {
        if limit > MOST {
            bail!("{name}: must be 0 to {MOST}; 0 is no limit");
        }
    }
    Ok(FirstSettings { rate_limit, msg_rate_limit, ..FirstSettings::default() })
}
