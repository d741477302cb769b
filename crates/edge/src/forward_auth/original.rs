//! The request that a proxy asks about.

use super::Proxy;
use crate::gateway::is_override;
use http::{HeaderMap, HeaderName, Method, Request};
use titan_core::Error;

const ENVOY: &str = "/auth/envoy";
const METHOD: &str = "x-original-method";
const URL: &str = "x-original-url";

/// Its method, its path and its query.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Original<'a> {
    pub(super) method: Method,
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
}

impl<'a> Original<'a> {
    pub(super) fn of<B>(proxy: Proxy, request: &'a Request<B>) -> Result<Self, Error> {
        let headers = request.headers();
        let (method, target) = match proxy {
            Proxy::Envoy => {
                let path = request.uri().path();
                return Ok(Self {
                    method: request.method().clone(),
                    path: path.strip_prefix(ENVOY).filter(|path| !path.is_empty()).unwrap_or("/"),
                    query: request.uri().query(),
                });
            }
            Proxy::Nginx => (one(headers, METHOD)?, one(headers, URL)?),
            Proxy::Caddy | Proxy::Haproxy | Proxy::Traefik => {
                (one(headers, "x-forwarded-method")?, one(headers, "x-forwarded-uri")?)
            }
        };
        let method =
            method.parse().map_err(|_| Error::invalid("the method of the original request: is none"))?;
        let path = path_of(target)
            .ok_or_else(|| Error::invalid("the URL of the original request: must have a path"))?;
        Ok(Self { method, path, query: target.split_once('?').map(|(_, query)| query) })
    }
}

/// The proxy forwards the client's headers to the server as they are, so what would replace method or path there is refused here.
pub(super) fn check_overrides(proxy: Proxy, headers: &HeaderMap) -> Result<(), Error> {
    let is_own = |name: &HeaderName| proxy == Proxy::Nginx && name.as_str() == URL;
    match headers.keys().find(|name| is_override(name) && !is_own(name)) {
        Some(name) => {
            Err(Error::invalid(format!("{name}: is not allowed, as it may replace method or path")))
        }
        None => Ok(()),
    }
}

/// The proxy sets it, so it is there, and only once: a second one would be the client's.
fn one<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Error> {
    let mut values = headers.get_all(name).iter();
    let wrong = || Error::invalid(format!("{name}: the proxy must send it, and only once"));
    let value = values.next().filter(|_| values.next().is_none()).ok_or_else(wrong)?;
    value.to_str().map_err(|_| Error::invalid(format!("{name}: must be ASCII")))
}

/// The path of an absolute URL, or of a path with a query.
///
/// The host of an absolute URL is often what the client sent as `Host`. So it must look like one: with `a?b` in it, what
/// follows would not be the path any more.
fn path_of(target: &str) -> Option<&str> {
    let path = match target.split_once("://") {
        // A path may have `://` in it, or in its query.
        Some((scheme, rest)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let is_host = !host.is_empty() && host.bytes().all(is_of_host);
            is_host.then_some(if path.is_empty() { "/" } else { path })?
        }
        _ => target,
    };
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    path.starts_with('/').then_some(path)
}

/// A name, an address, a port.
fn is_of_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn original(proxy: Proxy, target: &str, headers: &[(&str, &str)]) -> Result<(String, String), String> {
        let mut request = Request::builder().uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        let original = Original::of(proxy, &request).map_err(|error| error.to_string())?;
        Ok((original.method.to_string(), original.path.to_owned()))
    }

    #[test]
    fn each_family_has_its_own_headers() {
        let said = [("x-original-method", "PUT"), ("x-original-url", "https://a:1/x?y=/z")];
        let nginx = original(Proxy::Nginx, "/auth/nginx", &said);
        assert_eq!(nginx, Ok(("PUT".to_owned(), "/x".to_owned())));
        let said = [("x-forwarded-method", "GET"), ("x-forwarded-uri", "/x?url=http://a/b")];
        for proxy in [Proxy::Caddy, Proxy::Haproxy, Proxy::Traefik] {
            assert_eq!(original(proxy, "/", &said), Ok(("GET".to_owned(), "/x".to_owned())));
            assert!(original(proxy, "/", &said[..1]).is_err());
        }
        assert!(original(Proxy::Nginx, "/auth/nginx", &said).is_err());
        let envoy = original(Proxy::Envoy, "/auth/envoy/a/b?c", &said);
        assert_eq!(envoy, Ok(("GET".to_owned(), "/a/b".to_owned())), "headers of others mean nothing");
    }

    #[test]
    fn a_header_of_the_client_beside_that_of_the_proxy_is_refused() {
        let both =
            [("x-original-method", "GET"), ("x-original-url", "/free"), ("x-original-url", "/guarded")];
        assert!(original(Proxy::Nginx, "/auth/nginx", &both).unwrap_err().contains("only once"));
    }

    #[test]
    fn the_path_is_all_that_is_looked_at() {
        for (target, path) in [
            ("http://a/b/c?d", Some("/b/c")),
            ("http://a", Some("/")),
            ("https://[::1]:8443/a", Some("/a")),
            ("http://a?b=/c", None),
            ("http://a?b/c", None),
            ("http://a#b/c", None),
            ("http://a@b/c", None),
            ("http://a b/c", None),
            ("http:///c", None),
            ("/a://b/c", Some("/a://b/c")),
            ("/a?b=c://d/e", Some("/a")),
            ("a/b", None),
            ("", None),
            ("?a", None),
        ] {
            assert_eq!(path_of(target), path, "{target}");
        }
    }
}
