//! Configuration: `titan.toml`, overridden by the environment, checked into [`Settings`].
//!
//! [`Config`] is the file's shape and the one place where an option is described, with its default; the table
//! of variables in [`env`] names the same options. `docs/configuration.md` and the JSON schema follow from it.

mod env;
mod license;
mod people;
mod policies;
mod seal;
mod secrets;
mod settings;

pub use env::VARIABLES;
pub(crate) use env::check_names;
pub(crate) use license::public_key;
pub use people::RoleScopes;
pub use policies::{SHIPPED, policy_text};
pub use seal::SealSource;
pub(crate) use seal::SealSources;
pub use secrets::MasterSecrets;
pub use settings::Settings;
pub(crate) use settings::{location, upstream_address};

use anyhow::{Context, Result, anyhow, bail};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use titan_core::suggest::explain;
use titan_core::user::Roles;

/// All options. Each can stand in the file and in the environment; the environment wins.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address of the public port.
    pub listen: String,
    /// Address of the control plane (`/admin`, `/auth`, `/console`, `/docs`, `/openapi.json`, `/metrics`, `/oauth2`). Unset: the
    /// public port serves it.
    pub admin_listen: Option<String>,
    /// Address of a port of its own for `/metrics`, plain HTTP and without a credential. Unset: only the control plane serves
    /// it, to the master key.
    pub metrics_listen: Option<String>,
    /// Whether the control plane has pages for browsers at `/console`.
    pub console: bool,
    /// A PEM file with Titan's certificate, followed by those that lead to its CA. With it and `tls_key_file`, both
    /// ports accept only TLS.
    pub tls_cert_file: Option<PathBuf>,
    /// A PEM file with the private key of that certificate.
    pub tls_key_file: Option<PathBuf>,
    /// A PEM file with CAs. The control port (`admin_listen`) then accepts only clients with a certificate of one of
    /// them.
    pub admin_client_ca_file: Option<PathBuf>,
    /// The database: `sqlite://path`, or `postgres://user:password@host/database`.
    pub database_url: String,
    /// A file that holds the URL of the database, which can contain a password.
    pub database_url_file: Option<PathBuf>,
    /// The master key: at least 32 characters.
    pub master_key: Option<String>,
    /// A file that holds the master key.
    pub master_key_file: Option<PathBuf>,
    /// The master key before the last change, still accepted.
    pub master_key_previous: Option<String>,
    /// A file that holds it.
    pub master_key_previous_file: Option<PathBuf>,
    /// The key that seals signing keys in the database: 32 bytes in base64. Unset: a file beside the database, made
    /// with it.
    pub seal_key: Option<String>,
    /// A file that holds the seal key.
    pub seal_key_file: Option<PathBuf>,
    /// A program with its arguments, without a shell. Titan runs it once at the start, and its output is the seal key.
    pub seal_key_command: Option<Vec<String>>,
    /// While the seal key is changed: the one before, which still opens what it sealed.
    pub seal_key_previous: Option<String>,
    /// A file that holds it.
    pub seal_key_previous_file: Option<PathBuf>,
    /// A program whose output it is.
    pub seal_key_previous_command: Option<Vec<String>>,
    /// The one upstream behind the gateway: `http://host:port`, `https://host:port`, `unix:/path/to/socket` or `none`. For
    /// several, use `upstreams`.
    pub upstream: Option<String>,
    /// For an `https://` upstream: a PEM file with the CAs that Titan trusts for it. Unset: the CAs that the platform
    /// trusts.
    pub upstream_ca_file: Option<PathBuf>,
    /// For an `https://` upstream: a PEM file with the client certificate that Titan sends.
    pub upstream_cert_file: Option<PathBuf>,
    /// A PEM file with the private key of that client certificate.
    pub upstream_key_file: Option<PathBuf>,
    /// The policies of that upstream: shipped ones by name, others by file.
    pub policy: Vec<String>,
    /// Several upstreams, each with its paths and policies. Only in the file.
    pub upstreams: Vec<UpstreamConfig>,
    /// Scopes of your own, `resource:action`. Append only: the order gives them their bits.
    pub scopes: Vec<String>,
    /// The scopes of a user with the role owner.
    pub owner_scopes: Vec<String>,
    /// The scopes of a user with the role admin.
    pub admin_scopes: Vec<String>,
    /// The scopes of a user with the role member.
    pub member_scopes: Vec<String>,
    /// `iss` of the session JWTs: usually the URL of this Titan.
    pub jwt_issuer: String,
    /// `aud` of the session JWTs: usually the URL of the API.
    pub jwt_audience: String,
    /// A page that tells holders of imported keys how to get another one: answers to them have a `Link` to it.
    pub legacy_keys_url: Option<String>,
    /// The license. Unset: nothing is limited.
    pub license_file: Option<PathBuf>,
    /// The public key of whoever issues licenses: 43 characters, as `titan license keygen` prints it.
    pub license_public_key: Option<String>,
    /// The platforms that this machine is: `aws`, `azure`, `docker`, `gcp`, `kubernetes`. Unset: Titan looks.
    pub platform: Vec<String>,
    /// The AWS account of this machine, for a license that is bound to one.
    pub aws_account_id: Option<String>,
    /// `aud` of `X-Titan-Identity`, a JWT that tells upstreams who asks: usually the URL of the API. Unset: that header is empty.
    pub identity_audience: Option<String>,
    /// The page that accepts invitations: Titan makes links to it, with the secret in the fragment.
    pub invitation_url: Option<String>,
    /// The longest lifetime of a key, in days.
    #[schemars(range(min = 1, max = 3_650))]
    pub max_lifetime_days: u32,
    /// After how many days a new signing key signs, without being asked. 0: never.
    #[schemars(range(max = 3_650))]
    pub signing_key_rotation_days: u32,
    /// The first value of the setting `rateLimit`: requests of all keys together in any 60 seconds. 0: no limit. Once the
    /// database has settings, `PUT /admin/settings` changes it.
    #[schemars(range(max = 10_000_000))]
    pub rate_limit: u32,
    /// The first value of the setting `msgRateLimit`: the same for routes that send messages.
    #[schemars(range(max = 10_000_000))]
    pub msg_rate_limit: u32,
    /// How many answers with 401 an address gets at once in a minute. Further ones take a second. 0: all at once.
    #[schemars(range(max = 1_000_000))]
    pub failed_attempts: u32,
    /// Proxies whose `X-Forwarded-*` headers Titan trusts: addresses and ranges such as `10.0.0.0/8`.
    pub trusted_proxies: Vec<String>,
    /// Seconds until an upstream must have accepted a connection.
    #[schemars(range(min = 1, max = 3600))]
    pub upstream_connect_timeout: u32,
    /// Seconds until an upstream must have begun to answer.
    #[schemars(range(min = 1, max = 3600))]
    pub upstream_timeout: u32,
    /// How many connections the public port may have at the same time. Unset: a third of the open files that the system
    /// allows.
    #[schemars(range(min = 1))]
    pub max_connections: Option<u32>,
    /// How many of them may come from one address (for IPv6, from one /64). Those from `trusted_proxies` do not count.
    /// Unset: half of them, and at most 1024.
    #[schemars(range(min = 1))]
    pub max_connections_per_address: Option<u32>,
    /// Seconds for which the client may send no byte of a request's body, or read no byte of an answer.
    #[schemars(range(min = 1, max = 3600))]
    pub body_timeout: u32,
    /// Seconds for which a connection may be idle between two requests.
    #[schemars(range(min = 1, max = 3600))]
    pub idle_timeout: u32,
    /// What is logged until the setting `logLevel` is changed: `error`, `warn`, `info`, `debug`, `trace`, or directives such as `info,titan_edge=debug`.
    pub log: String,
    /// How it is logged.
    pub log_format: LogFormat,
    /// The access log, a line for each request of the gateway, `/auth/verify` and forward-auth: `off`, `stdout`, or a file by path.
    pub access_log: String,
    /// How its lines look.
    pub access_log_format: LogFormat,
    /// Days for which usage by day is kept. 0: usage is not counted.
    #[schemars(range(max = 3_650))]
    pub usage_day_retention: u32,
    /// Days for which usage by hour is kept.
    #[schemars(range(min = 1, max = 3_650))]
    pub usage_hour_retention: u32,
    /// Days for which usage by minute is kept.
    #[schemars(range(min = 1, max = 3_650))]
    pub usage_minute_retention: u32,
    /// Whether Titan remembers from where each key was last used: the network of the address and the beginning of the user
    /// agent.
    pub usage_clients: UsageClients,
    /// The collector that gets a span for each request by OTLP over HTTP, such as `http://collector:4318`. Unset: no traces.
    pub otlp_endpoint: Option<String>,
    /// Which part of the traces that begin here is kept, 0 to 1. One that a caller began is kept if the caller keeps it.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub otlp_sample_ratio: f64,
}

/// A server behind the gateway.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpstreamConfig {
    /// `http://host:port`, `https://host:port`, `unix:/path/to/socket`, or `none`: only forward-auth uses the policies
    pub url: String,
    /// For `https://`: a PEM file with the CAs that Titan trusts for it. Unset: the CAs that the platform trusts.
    pub ca_file: Option<PathBuf>,
    /// For `https://`: a PEM file with the client certificate that Titan sends.
    pub cert_file: Option<PathBuf>,
    /// A PEM file with the private key of that client certificate.
    pub key_file: Option<PathBuf>,
    /// Its policies: shipped ones by name, others by file.
    pub policy: Vec<String>,
    /// The paths that it serves: each stands for itself and what lies below.
    #[serde(default = "everywhere")]
    pub paths: Vec<String>,
}

fn everywhere() -> Vec<String> {
    vec!["/".to_owned()]
}

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    #[default]
    Text,
}

/// What is remembered of the clients of keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UsageClients {
    /// Nothing.
    Off,
    /// IPv4 /24, IPv6 /48, and 64 characters of the user agent.
    #[default]
    Shortened,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "0.0.0.0:8080".to_owned(),
            admin_listen: None,
            metrics_listen: None,
            console: true,
            tls_cert_file: None,
            tls_key_file: None,
            admin_client_ca_file: None,
            database_url: "sqlite://titan-data/titan.db".to_owned(),
            database_url_file: None,
            master_key: None,
            master_key_file: None,
            master_key_previous: None,
            master_key_previous_file: None,
            seal_key: None,
            seal_key_file: None,
            seal_key_command: None,
            seal_key_previous: None,
            seal_key_previous_file: None,
            seal_key_previous_command: None,
            upstream: None,
            upstream_ca_file: None,
            upstream_cert_file: None,
            upstream_key_file: None,
            policy: Vec::new(),
            upstreams: Vec::new(),
            scopes: Vec::new(),
            owner_scopes: Roles::ALL.map(str::to_owned).to_vec(),
            admin_scopes: Roles::ALL.map(str::to_owned).to_vec(),
            member_scopes: Roles::MEMBER.map(str::to_owned).to_vec(),
            jwt_issuer: "titan".to_owned(),
            jwt_audience: "titan".to_owned(),
            legacy_keys_url: None,
            license_file: None,
            license_public_key: None,
            platform: Vec::new(),
            aws_account_id: None,
            identity_audience: None,
            invitation_url: None,
            max_lifetime_days: 90,
            signing_key_rotation_days: 0,
            rate_limit: 100,
            msg_rate_limit: 50,
            failed_attempts: 60,
            trusted_proxies: Vec::new(),
            upstream_connect_timeout: 5,
            upstream_timeout: 30,
            max_connections: None,
            max_connections_per_address: None,
            body_timeout: 30,
            idle_timeout: 75,
            log: "info".to_owned(),
            log_format: LogFormat::Text,
            access_log: "off".to_owned(),
            access_log_format: LogFormat::Json,
            usage_day_retention: 400,
            usage_hour_retention: 35,
            usage_minute_retention: 2,
            usage_clients: UsageClients::Shortened,
            otlp_endpoint: None,
            otlp_sample_ratio: 1.0,
        }
    }
}

/// Where configuration is looked for if nobody says where.
const USUAL_FILE: &str = "titan.toml";

impl Config {
    /// Reads `file` (or `titan.toml`, if it is there) and then the environment.
    pub fn load(file: Option<&Path>, environment: &HashMap<String, String>) -> Result<Self> {
        let path = file.unwrap_or(Path::new(USUAL_FILE));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && file.is_none() => String::new(),
            Err(error) => bail!("{}: {error}", path.display()),
        };
        Self::read(&path.display().to_string(), &text, environment)
    }

    /// Reads a file's text and then the environment. Mistakes in the file are named with their line.
    pub fn read(origin: &str, text: &str, environment: &HashMap<String, String>) -> Result<Self> {
        check_names(environment)?;
        if let Err(error) = toml::from_str::<Self>(text) {
            let start = error.span().map_or(0, |span| span.start);
            let line = text.get(..start).unwrap_or(text).matches('\n').count() + 1;
            bail!("{origin}:{line}: {}", explain(error.message()));
        }
        let mut table: toml::Table = toml::from_str(text).context(origin.to_owned())?;
        env::overlay(&mut table, environment)?;
        table.try_into().map_err(|error: toml::de::Error| {
            anyhow!("{}: {}", env::mistaken(environment), explain(error.message()))
        })
    }
}
