//! The address of an upstream.

use super::tls::{self, TlsSettings};
use http::uri::Authority;
use http::{HeaderValue, Uri};
use rustls::pki_types::ServerName;
use std::fmt;
use std::path::PathBuf;
use tokio_rustls::TlsConnector;

/// Where an upstream is, and how to connect to it.
pub struct Address {
    /// `Host` of the requests that go there.
    pub(super) host: HeaderValue,
    pub(super) place: Place,
}

/// What a connection is made to.
pub(super) enum Place {
    /// `http://host:port`
    Http(Uri),
    /// `https://host:port`
    Https { uri: Uri, name: ServerName<'static>, connector: TlsConnector },
    /// `none`: there is no server.
    Nowhere,
    /// `unix:/path/to/socket`
    Unix(PathBuf),
}

const FORMS: &str = "must be http://host:port, https://host:port, unix:/path/to/socket or none";
const NONE: &str = "none";

impl Address {
    /// Parses a URL. `tls` applies only to `https://`; TLS settings for another kind of address are an error.
    pub fn parse(url: &str, tls: &TlsSettings) -> Result<Self, String> {
        let is_https = url.starts_with("https://");
        if !is_https && !tls.is_empty() {
            return Err(format!("{url}: a CA or a client certificate goes only with https://"));
        }
        if url == NONE {
            return Ok(Self { host: HeaderValue::from_static(""), place: Place::Nowhere });
        }
        if let Some(path) = url.strip_prefix("unix:") {
            return Self::unix(path).ok_or_else(|| format!("{url}: {FORMS}"));
        }
        let uri: Uri = url.parse().map_err(|error| format!("{url}: {error}; it {FORMS}"))?;
        let authority = plain_authority(&uri).ok_or_else(|| format!("{url}: {FORMS}"))?;
        let host = HeaderValue::from_str(authority.as_str()).map_err(|error| format!("{url}: {error}"))?;
        let place = match uri.scheme_str() {
            Some("http") => Place::Http(uri),
            Some("https") => {
                let name =
                    server_name(authority).ok_or_else(|| format!("{url}: not a name or an address"))?;
                let connector = tls::connector(tls).map_err(|error| format!("{url}: {error}"))?;
                Place::Https { uri, name, connector }
            }
            _ => return Err(format!("{url}: {FORMS}")),
        };
        Ok(Self { host, place })
    }

    pub(super) fn is_somewhere(&self) -> bool {
        !matches!(self.place, Place::Nowhere)
    }

    /// A socket in the file system has no host. Servers expect `localhost` there.
    fn unix(path: &str) -> Option<Self> {
        let place = Place::Unix(PathBuf::from(path));
        path.starts_with('/').then_some(Self { host: HeaderValue::from_static("localhost"), place })
    }
}

/// The host and port of a URL without user, path and query.
fn plain_authority(uri: &Uri) -> Option<&Authority> {
    let has_path = uri.path_and_query().is_some_and(|path| path.as_str() != "/");
    uri.authority().filter(|authority| !has_path && !authority.as_str().contains('@'))
}

/// The name that the certificate must have: a DNS name or an IP address.
fn server_name(authority: &Authority) -> Option<ServerName<'static>> {
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(host.to_owned()).ok()
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.host.to_str().unwrap_or_default();
        match &self.place {
            Place::Http(_) => write!(f, "http://{host}"),
            Place::Https { .. } => write!(f, "https://{host}"),
            Place::Nowhere => f.write_str(NONE),
            Place::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::RootCertStore;

    fn parse(url: &str) -> Result<String, String> {
        Address::parse(url, &TlsSettings::default()).map(|address| address.to_string())
    }

    #[test]
    fn three_kinds_of_address_are_read() {
        for url in ["http://a", "http://a:1", "https://a", "https://[::1]:8443", "unix:/run/api.sock"] {
            assert_eq!(parse(url).as_deref(), Ok(url));
        }
        assert_eq!(parse("http://a/").as_deref(), Ok("http://a"));
    }

    #[test]
    fn bad_addresses_are_named() {
        let urls =
            ["a:1", "http://", "http://a/b", "http://a?b", "http://u:p@a", "", "ftp://a", "unix:", "unix:a"];
        for url in urls {
            let error = parse(url).unwrap_err();
            assert!(error.starts_with(url) && error.contains("must be http://host:port"), "{error}");
        }
    }

    #[test]
    fn tls_settings_go_only_with_https() {
        let tls = TlsSettings { ca: Some(RootCertStore::empty()), identity: None };
        for url in ["http://a", "unix:/a"] {
            assert!(Address::parse(url, &tls).err().unwrap().contains("only with https://"), "{url}");
        }
    }
}
