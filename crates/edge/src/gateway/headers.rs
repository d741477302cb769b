//! Which headers cross the gateway.

use super::Peer;
use crate::identity::Identity;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue,
    MAX_FORWARDS, TRANSFER_ENCODING, UPGRADE, VIA,
};
use http::{Request, Version};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// Makes the client's request the gateway's: drops what is between the client and us, the credential and
/// every claim of identity; then says who asks.
///
/// Identity is written last, so that no `Connection: X-Titan-Tenant` can take it away.
pub(super) fn prepare<B>(
    request: &mut Request<B>,
    identity: Identity,
    peer: &Peer,
    request_id: &HeaderValue,
    is_trusted: bool,
    is_upgrade: bool,
) {
    let host = original_host(request);
    let via = via(request.version());
    *request.version_mut() = Version::HTTP_11;
    let headers = request.headers_mut();
    drop_named_by_connection(headers);
    let is_bearer = headers.get(AUTHORIZATION).is_some_and(|value| is_bearer(value.as_bytes()));
    remove_if(headers, |name| match name.as_str() {
        // An `Authorization` of another scheme was not ours and goes on.
        "authorization" => is_bearer,
        // The client library says how long the body is; what the caller said of it is not repeated.
        "x-api-key" | "content-length" | "expect" | "host" => true,
        text => is_hop_by_hop(text) || is_claim(text, is_trusted),
    });
    if is_upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, WEBSOCKET);
    }
    join_cookies(headers);
    remove_console_cookies(headers);
    lower_max_forwards(headers);
    headers.append(VIA, via);
    forward(headers, peer, is_trusted, host);
    headers.insert(REQUEST_ID, request_id.clone());
    identity.write(headers);
}

/// HTTP/2 may split cookies into several fields; HTTP/1.1 has one, with `; ` between them (RFC 9113, 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let mut fields = headers.get_all(COOKIE).iter();
    if fields.next().is_none() || fields.next().is_none() {
        return;
    }
    let fields: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(joined) = HeaderValue::from_bytes(&fields.join(&b"; "[..])) {
        headers.insert(COOKIE, joined);
    }
}

/// The console's cookies are for the control plane. A browser sends them to every port of its host.
fn remove_console_cookies(headers: &mut HeaderMap) {
    const NAME: &[u8] = b"titan_console";
    let is_in = |field: &HeaderValue| field.as_bytes().windows(NAME.len()).any(|text| text == NAME);
    let Some(field) = headers.get(COOKIE).filter(|field| is_in(field)) else { return };
    let pairs = field.as_bytes().split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let others: Vec<&[u8]> = pairs.filter(|pair| !pair.starts_with(NAME)).collect();
    match HeaderValue::from_bytes(&others.join(&b"; "[..])) {
        Ok(rest) if !rest.is_empty() => drop(headers.insert(COOKIE, rest)),
        _ => drop(headers.remove(COOKIE)),
    }
}

/// One neighbour less to go (RFC 9110, 7.6.2). A request with 0 has been refused.
fn lower_max_forwards(headers: &mut HeaderMap) {
    let Some(value) = headers.get_mut(MAX_FORWARDS) else { return };
    let rest = value.to_str().ok().and_then(|text| text.parse::<u32>().ok());
    if let Some(rest) = rest {
        *value = HeaderValue::from(rest.saturating_sub(1));
    }
}

/// In which version the client spoke to this gateway (RFC 9110, 7.6.3).
fn via(version: Version) -> HeaderValue {
    HeaderValue::from_static(match version {
        Version::HTTP_10 => "1.0 titan",
        Version::HTTP_2 => "2 titan",
        _ => "1.1 titan",
    })
}

/// A text of ours; one that no header takes becomes an empty one.
fn text_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

fn original_host<B>(request: &Request<B>) -> Option<HeaderValue> {
    let authority = || request.uri().authority().and_then(|a| HeaderValue::from_str(a.as_str()).ok());
    request.headers().get(HOST).cloned().or_else(authority)
}

/// Makes the upstream's answer the gateway's (RFC 9110, 7.6.1). A length beside `Transfer-Encoding` says nothing of
/// the body (RFC 9112, 6.3), and repeated it would cut the answer short.
pub(super) fn prepare_answer(headers: &mut HeaderMap) {
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    drop_named_by_connection(headers);
    remove_if(headers, |name| is_hop_by_hop(name.as_str()));
}

fn drop_named_by_connection(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|c| *c == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
}

fn is_hop_by_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// Most headers stay, and asking each costs less than looking for what is rarely there.
fn remove_if(headers: &mut HeaderMap, is_unwanted: impl Fn(&HeaderName) -> bool) {
    let unwanted: Vec<HeaderName> = headers.keys().filter(|name| is_unwanted(name)).cloned().collect();
    for name in unwanted {
        headers.remove(name);
    }
}

/// The scheme is compared without case (RFC 9110, 11.1).
pub(crate) fn is_bearer(value: &[u8]) -> bool {
    let scheme = value.trim_ascii_start().get(..6);
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"))
}

/// What an upstream could take for a word of ours. CGI and its heirs read `_`, `.` and others as `-`, so names are
/// compared by their letters and digits alone.
pub(crate) fn is_claim(name: &str, is_trusted: bool) -> bool {
    // Most names cannot be one, and this is asked for every header of every request.
    if !name.starts_with(['x', 'f', 't']) {
        return false;
    }
    let letters = letters(name);
    let is_forwarding = letters.starts_with("xforwarded") || FORWARDING.contains(&letters.as_str());
    letters.starts_with("xtitan") || OVERRIDES.contains(&letters.as_str()) || (is_forwarding && !is_trusted)
}

fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Whether some server would take another method or path from this header than those that the policy judged.
pub(crate) fn is_override(name: &HeaderName) -> bool {
    name.as_str().starts_with('x') && OVERRIDES.contains(&letters(name.as_str()).as_str())
}

/// With these some servers replace the method or the path: the policy judged the real ones.
const OVERRIDES: [&str; 6] =
    ["xhttpmethod", "xhttpmethodoverride", "xmethodoverride", "xoriginaluri", "xoriginalurl", "xrewriteurl"];
/// Where a client comes from, as only a proxy may say.
const FORWARDING: [&str; 3] = ["forwarded", "xrealip", "trueclientip"];

/// `X-Forwarded-*`: from a trusted proxy they are continued, from anybody else they are begun anew.
fn forward(headers: &mut HeaderMap, peer: &Peer, is_trusted: bool, host: Option<HeaderValue>) {
    let proto = HeaderValue::from_static(if peer.is_tls { "https" } else { "http" });
    if is_trusted {
        continue_chain(headers, peer);
        headers.entry(FORWARDED_PROTO).or_insert(proto);
        if let Some(host) = host {
            headers.entry(FORWARDED_HOST).or_insert(host);
        }
        return;
    }
    headers.insert(FORWARDED_FOR, peer.forwarded_for.clone());
    headers.insert(FORWARDED_PROTO, proto);
    if let Some(host) = host {
        headers.insert(FORWARDED_HOST, host);
    }
}

/// A proxy may have added a line of its own below the client's: all of them count, in their order.
fn continue_chain(headers: &mut HeaderMap, peer: &Peer) {
    let lines = headers.get_all(FORWARDED_FOR).iter().chain([&peer.forwarded_for]);
    let chain: Vec<&str> = lines.filter_map(|value| value.to_str().ok()).collect();
    let chain = text_value(&chain.join(", "));
    headers.insert(FORWARDED_FOR, chain);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{IDENTITY, SUBJECT, TENANT};
    use http::header::TE;
    use titan_core::access::{Catalogue, KeyPrincipal, Principal};
    use titan_token::{
        Claims, KeyId, Prefix, Presented, ScopeSet, SigningKey, SigningSecret, Slot, TenantId, Uuid,
    };

    fn identity() -> Identity {
        let signing = SigningKey::for_api_keys(&SigningSecret::new([7; 32]));
        let claims = Claims {
            slot: Slot::new(0).unwrap(),
            id: KeyId::new(Uuid::from_bits(1)),
            tenant: TenantId(7),
            scopes: ScopeSet::EMPTY,
            expires_at: u32::MAX,
        };
        let text = claims.sign(Prefix::Standard, &signing);
        let Ok(Presented::SelfContained(key)) = Presented::parse(text.expose()) else {
            panic!("our own key")
        };
        let key = KeyPrincipal::new(key.verify(&signing).unwrap(), None);
        let token = HeaderValue::from_static("");
        Identity::new(&Principal::Key(key), &Catalogue::new([]).unwrap(), None, token)
    }

    fn prepared(headers: &[(&str, &str)], is_trusted: bool) -> HeaderMap {
        let mut request = Request::builder().uri("/x");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).unwrap();
        let peer = Peer::new("10.0.0.9:1".parse().unwrap(), false);
        prepare(&mut request, identity(), &peer, &HeaderValue::from_static("r"), is_trusted, false);
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
            false,
        );
        assert_eq!(headers.get_all(TENANT).iter().collect::<Vec<_>>(), ["7"]);
        for name in [
            "x-titan-anything",
            "x_titan_tenant",
            "x-titan_scopes",
            "x.titan.tenant",
            "x-original-url",
            "x-http-method-override",
            "x_forwarded_for",
            "x-real-ip",
        ] {
            assert!(!headers.contains_key(name), "{name}");
        }
        assert_eq!(headers[SUBJECT], "");
        assert_eq!(headers[IDENTITY], "");
    }

    #[test]
    fn connection_cannot_take_identity_away() {
        let headers = prepared(
            &[("connection", "close, X-Titan-Tenant, x-request-id, x-secret"), ("x-secret", "1")],
            false,
        );
        assert_eq!(headers[TENANT], "7");
        assert_eq!(headers[REQUEST_ID], "r");
        assert!(!headers.contains_key("x-secret") && !headers.contains_key(CONNECTION));
    }

    #[test]
    fn no_upstream_gets_a_cookie_of_the_console() {
        let sent = |cookies: &str| {
            let headers = prepared(&[("cookie", cookies)], false);
            headers.get(COOKIE).map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(sent("a=1; titan_console=x; b=2;titan_console_proof=y").as_deref(), Some("a=1; b=2"));
        assert_eq!(sent("titan_console=x; titan_console_visit=z"), None);
        assert_eq!(sent("a=titan_console").as_deref(), Some("a=titan_console"));
        let split = prepared(&[("cookie", "a=1"), ("cookie", "titan_console=x")], false);
        assert_eq!(split.get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=1"]);
    }

    #[test]
    fn split_cookies_become_one() {
        let headers =
            prepared(&[("cookie", "a=1"), ("x-other", "1"), ("cookie", "b=2; c=3"), ("cookie", "d")], false);
        assert_eq!(headers.get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=1; b=2; c=3; d"]);
        let headers = prepared(&[("cookie", "a=1; b=2")], false);
        assert_eq!(headers.get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=1; b=2"]);
    }

    #[test]
    fn max_forwards_is_lowered() {
        for (sent, passed_on) in [("3", "2"), ("0", "0"), ("many", "many")] {
            assert_eq!(prepared(&[("max-forwards", sent)], false)[MAX_FORWARDS], passed_on);
        }
    }

    #[test]
    fn the_gateway_adds_itself_to_via() {
        let headers = prepared(&[("via", "1.1 before")], false);
        assert_eq!(headers.get_all(VIA).iter().collect::<Vec<_>>(), ["1.1 before", "1.1 titan"]);
    }

    #[test]
    fn credentials_stay_here_and_other_schemes_go_on() {
        let headers = prepared(&[("authorization", "bearer k"), ("x-api-key", "k")], false);
        assert!(!headers.contains_key(AUTHORIZATION) && !headers.contains_key("x-api-key"));
        let headers = prepared(&[("authorization", "Basic Zm9v"), ("x-api-key", "k")], false);
        assert_eq!(headers[AUTHORIZATION], "Basic Zm9v");
    }

    #[test]
    fn only_a_trusted_proxy_may_say_who_was_before_it() {
        let sent =
            [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https"), ("forwarded", "for=1.2.3.4")];
        let headers = prepared(&sent, false);
        assert_eq!(
            (&headers[FORWARDED_FOR], &headers[FORWARDED_PROTO]),
            (&text_value("10.0.0.9"), &text_value("http"))
        );
        assert!(!headers.contains_key("forwarded"));
        let headers = prepared(&sent, true);
        assert_eq!(headers[FORWARDED_FOR], "1.2.3.4, 10.0.0.9");
        assert_eq!(headers[FORWARDED_PROTO], "https");
        let headers = prepared(&[sent[0], ("x-forwarded-for", "5.6.7.8")], true);
        assert_eq!(headers[FORWARDED_FOR], "1.2.3.4, 5.6.7.8, 10.0.0.9");
    }

    #[test]
    fn lengths_and_hosts_are_not_repeated() {
        let sent =
            [("content-length", "5"), ("transfer-encoding", "chunked"), ("host", "a"), ("te", "trailers")];
        let headers = prepared(&sent, false);
        for name in [CONTENT_LENGTH, TRANSFER_ENCODING, HOST, TE] {
            assert!(!headers.contains_key(name));
        }
        assert_eq!(headers[FORWARDED_HOST], "a");
    }
}
