//! Which headers cross the gateway.

use super::Peer;
use crate::TrustedProxies;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{Request, Version};
use titan_core::access::KeyPrincipal;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const KEY_ID: HeaderName = HeaderName::from_static("x-titan-key-id");
const SCOPES: HeaderName = HeaderName::from_static("x-titan-scopes");
const SESSION: HeaderName = HeaderName::from_static("x-titan-session");
const SUBJECT: HeaderName = HeaderName::from_static("x-titan-subject");
const TENANT: HeaderName = HeaderName::from_static("x-titan-tenant");
const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

static BETWEEN_NEIGHBOURS: [HeaderName; 9] = [
    CONNECTION,
    KEEP_ALIVE,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    PROXY_CONNECTION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// What an upstream is told of the caller.
pub(super) struct Identity {
    pub(super) key_id: String,
    pub(super) tenant: String,
    /// Names, with spaces between.
    pub(super) scopes: String,
    pub(super) session: Option<String>,
}

/// Makes the client's request the gateway's: drops what is between the client and us, the credential and
/// every claim of identity; then says who asks.
///
/// Identity is written last, so that no `Connection: X-Titan-Tenant` can take it away.
pub(super) fn prepare<B>(
    request: &mut Request<B>,
    identity: &Identity,
    peer: &Peer,
    trusted: &TrustedProxies,
    is_upgrade: bool,
) {
    let host = original_host(request);
    *request.version_mut() = Version::HTTP_11;
    let headers = request.headers_mut();
    drop_hop_by_hop(headers);
    drop_credentials(headers);
    let is_trusted = trusted.contains(peer.address.ip());
    drop_claims(headers, is_trusted);
    // The client library says how long the body is; what the caller said of it is not repeated.
    remove_if(headers, |name| [CONTENT_LENGTH, EXPECT, HOST].contains(name));
    if is_upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, WEBSOCKET);
    }
    forward(headers, peer, host);
    for (name, value) in [
        (KEY_ID, &*identity.key_id),
        (TENANT, &*identity.tenant),
        (SCOPES, &*identity.scopes),
        (SUBJECT, ""),
        (SESSION, identity.session.as_deref().unwrap_or_default()),
    ] {
        headers.insert(name, header(value));
    }
}

/// A session name from a path may hold bytes that no header takes: then it is empty, not a lie.
fn header(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static(""))
}

fn original_host<B>(request: &Request<B>) -> Option<HeaderValue> {
    let authority = || request.uri().authority().and_then(|a| HeaderValue::from_str(a.as_str()).ok());
    request.headers().get(HOST).cloned().or_else(authority)
}

/// RFC 9110, 7.6.1: what `Connection` names, and what was always between two neighbours.
pub(super) fn drop_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|c| *c == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    remove_if(headers, |name| BETWEEN_NEIGHBOURS.contains(name));
}

/// Most headers stay, and asking each costs less than looking for what is rarely there.
fn remove_if(headers: &mut HeaderMap, is_unwanted: impl Fn(&HeaderName) -> bool) {
    let unwanted: Vec<HeaderName> = headers.keys().filter(|name| is_unwanted(name)).cloned().collect();
    for name in unwanted {
        headers.remove(name);
    }
}

/// The credential stays here. An `Authorization` of another scheme was not ours and goes on.
fn drop_credentials(headers: &mut HeaderMap) {
    headers.remove(API_KEY);
    let is_bearer = headers.get(AUTHORIZATION).is_some_and(|value| {
        value
            .as_bytes()
            .trim_ascii_start()
            .get(..6)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"))
    });
    if is_bearer {
        headers.remove(AUTHORIZATION);
    }
}

/// What an upstream could take for a word of ours. CGI and its heirs read `_`, `.` and others as `-`, so names are
/// compared by their letters and digits alone.
fn drop_claims(headers: &mut HeaderMap, is_trusted: bool) {
    let is_claim = |name: &HeaderName| {
        // Most names cannot be one, and this is asked for every header of every request.
        if !name.as_str().starts_with(['x', 'f', 't']) {
            return false;
        }
        let letters: String = name.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
        let is_forwarding = letters.starts_with("xforwarded") || FORWARDING.contains(&letters.as_str());
        letters.starts_with("xtitan")
            || OVERRIDES.contains(&letters.as_str())
            || (is_forwarding && !is_trusted)
    };
    remove_if(headers, is_claim);
}

/// With these some servers replace the method or the path: the policy judged the real ones.
const OVERRIDES: [&str; 6] =
    ["xhttpmethod", "xhttpmethodoverride", "xmethodoverride", "xoriginaluri", "xoriginalurl", "xrewriteurl"];
/// Where a client comes from, as only a proxy may say.
const FORWARDING: [&str; 3] = ["forwarded", "xrealip", "trueclientip"];

/// `X-Forwarded-*`: from a trusted proxy they are continued, from anybody else they are begun anew.
fn forward(headers: &mut HeaderMap, peer: &Peer, host: Option<HeaderValue>) {
    let address = peer.address.ip().to_canonical().to_string();
    // A proxy may have added a line of its own below the client's: all of them count, in their order.
    let before = headers.get_all(FORWARDED_FOR).iter();
    let chain: Vec<&str> = before.filter_map(|value| value.to_str().ok()).chain([address.as_str()]).collect();
    let chain = chain.join(", ");
    headers.insert(FORWARDED_FOR, header(&chain));
    let proto = if peer.is_tls { "https" } else { "http" };
    headers.entry(FORWARDED_PROTO).or_insert(HeaderValue::from_static(proto));
    if let Some(host) = host {
        headers.entry(FORWARDED_HOST).or_insert(host);
    }
    headers.insert(REQUEST_ID, peer.request_id.clone());
}

/// A key that was rotated and lives on for a while says so: RFC 9745 and RFC 8594.
pub(super) fn note_retirement(headers: &mut HeaderMap, key: &KeyPrincipal) {
    if let Some(retirement) = key.retirement() {
        headers.insert("deprecation", header(&format!("@{}", retirement.since.secs())));
        headers.insert("sunset", header(&retirement.until.http_date()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            key_id: "key_1".to_owned(),
            tenant: "7".to_owned(),
            scopes: "a:b c:d".to_owned(),
            session: None,
        }
    }

    fn prepared(headers: &[(&str, &str)], trusted: &[&str]) -> HeaderMap {
        let mut request = Request::builder().uri("/x");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).unwrap();
        let peer = Peer {
            address: "10.0.0.9:1".parse().unwrap(),
            is_tls: false,
            request_id: HeaderValue::from_static("r"),
        };
        let trusted = TrustedProxies::parse(trusted).unwrap();
        prepare(&mut request, &identity(), &peer, &trusted, false);
        request.headers().clone()
    }

    #[test]
    fn no_claim_of_the_client_survives() {
        let headers = prepared(
            &[
                ("x-titan-tenant", "1"),
                ("X-Titan-Anything", "1"),
                ("x_titan_tenant", "1"),
                ("x-titan_scopes", "*"),
                ("x-titan-identity", "jwt"),
                ("x.titan.tenant", "1"),
                ("x-original-url", "/secret"),
                ("x-http-method-override", "DELETE"),
                ("x_forwarded_for", "1.2.3.4"),
                ("x-real-ip", "1.2.3.4"),
            ],
            &[],
        );
        assert_eq!(headers.get_all(TENANT).iter().collect::<Vec<_>>(), ["7"]);
        for name in [
            "x-titan-anything",
            "x_titan_tenant",
            "x-titan_scopes",
            "x-titan-identity",
            "x.titan.tenant",
            "x-original-url",
            "x-http-method-override",
            "x_forwarded_for",
            "x-real-ip",
        ] {
            assert!(!headers.contains_key(name), "{name}");
        }
        assert_eq!(headers[SUBJECT], "");
    }

    #[test]
    fn connection_cannot_take_identity_away() {
        let headers = prepared(
            &[("connection", "close, X-Titan-Tenant, x-request-id, x-secret"), ("x-secret", "1")],
            &[],
        );
        assert_eq!(headers[TENANT], "7");
        assert_eq!(headers[REQUEST_ID], "r");
        assert!(!headers.contains_key("x-secret") && !headers.contains_key(CONNECTION));
    }

    #[test]
    fn credentials_stay_here_and_other_schemes_go_on() {
        let headers = prepared(&[("authorization", "bearer k"), ("x-api-key", "k")], &[]);
        assert!(!headers.contains_key(AUTHORIZATION) && !headers.contains_key(API_KEY));
        let headers = prepared(&[("authorization", "Basic Zm9v"), ("x-api-key", "k")], &[]);
        assert_eq!(headers[AUTHORIZATION], "Basic Zm9v");
    }

    #[test]
    fn only_a_trusted_proxy_may_say_who_was_before_it() {
        let sent =
            [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https"), ("forwarded", "for=1.2.3.4")];
        let headers = prepared(&sent, &[]);
        assert_eq!(
            (&headers[FORWARDED_FOR], &headers[FORWARDED_PROTO]),
            (&header("10.0.0.9"), &header("http"))
        );
        assert!(!headers.contains_key("forwarded"));
        let headers = prepared(&sent, &["10.0.0.9"]);
        assert_eq!(headers[FORWARDED_FOR], "1.2.3.4, 10.0.0.9");
        assert_eq!(headers[FORWARDED_PROTO], "https");
        let headers = prepared(&[sent[0], ("x-forwarded-for", "5.6.7.8")], &["10.0.0.0/24"]);
        assert_eq!(headers[FORWARDED_FOR], "1.2.3.4, 5.6.7.8, 10.0.0.9");
    }

    #[test]
    fn lengths_and_hosts_are_not_repeated() {
        let sent =
            [("content-length", "5"), ("transfer-encoding", "chunked"), ("host", "a"), ("te", "trailers")];
        let headers = prepared(&sent, &[]);
        for name in [CONTENT_LENGTH, TRANSFER_ENCODING, HOST, TE] {
            assert!(!headers.contains_key(name));
        }
        assert_eq!(headers[FORWARDED_HOST], "a");
    }
}
