//! What must not work.

use super::{Envoy, HttpRequest, Reply, about, question, raw_question};
use crate::support::app::MASTER_KEY;
use crate::support::{TestApp, raw};
use axum::body::Bytes;
use http::{Request, StatusCode};
use prost::Message;
use titan_edge::envoy::CHECK;
use titan_edge::envoy::proto::{AttributeContext, CheckRequest};
use tonic::Code;

const SESSIONS: &str = "/api/sessions";

/// A message with its length before it.
fn framed(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0], &length[..], message].concat().into()
}

fn post(body: Bytes) -> Request<Bytes> {
    let request = Request::post(format!("http://titan{CHECK}")).header("content-type", "application/grpc");
    request.body(body).unwrap()
}

#[tokio::test]
async fn without_attributes_of_http_there_is_no_answer() {
    let app = TestApp::start().await;
    let envoy = Envoy::connect(app.address).await;
    let empty = CheckRequest { attributes: Some(AttributeContext { request: None }) };
    for request in [CheckRequest { attributes: None }, empty] {
        let status = envoy.call(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.message(), "attributes.request.http: must be there");
    }
    envoy.ask("", "", &[]).await.refused(400, "method: is none");
}

#[tokio::test]
async fn what_is_no_message_has_no_answer() {
    let app = TestApp::start().await;
    let envoy = Envoy::connect(app.address).await;
    let cut = &framed(b"\x0a\x04")[..6];
    let two = [framed(b""), framed(b"")].concat();
    let garbage = [
        Bytes::new(),
        framed(&[0xff; 64]),
        framed(b"\x0a\x05abc"),
        Bytes::copy_from_slice(cut),
        two.into(),
        Bytes::from_static(b"\0\xff\xff\xff\xff"),
    ];
    for body in garbage {
        let answer = envoy.send(post(body.clone())).await;
        assert_eq!(
            (answer.status(), &answer.headers()["grpc-status"]),
            (StatusCode::OK, &"3".parse().unwrap())
        );
        assert_eq!(answer.body().len(), 0, "{body:?}");
    }
    let compressed = envoy.send(post(Bytes::from_static(b"\x01\0\0\0\0"))).await;
    assert_eq!(compressed.headers()["grpc-status"], "12");
}

#[tokio::test]
async fn what_is_no_grpc_is_told_so() {
    let app = TestApp::start().await;
    let envoy = Envoy::connect(app.address).await;
    let (mut get, mut json) = (post(Bytes::new()), post(Bytes::new()));
    *get.method_mut() = http::Method::GET;
    json.headers_mut().insert("content-type", "application/json".parse().unwrap());
    let get = envoy.send(get).await;
    assert_eq!((get.status().as_u16(), &get.headers()["allow"]), (405, &"POST".parse().unwrap()));
    assert_eq!(envoy.send(json).await.status(), 415);
    let line = format!("POST {CHECK}");
    let headers = ["Host: a", "Content-Type: application/grpc", "Content-Length: 5"];
    let (status, answer) = raw::request(app.address, &line, &headers, "\0\0\0\0\0").await;
    assert_eq!(status, 400);
    assert!(answer.contains("must be HTTP/2 for gRPC"), "{answer}");
    let (mut head, body) = post(framed(b"")).into_parts();
    head.uri = "http://titan/envoy.service.auth.v3.Authorization/Other".parse().unwrap();
    assert_eq!(envoy.send(Request::from_parts(head, body)).await.status(), 404);
}

/// A client can bring that about, so it is a refusal. Envoy could let a request pass about which it got a failure.
#[tokio::test]
async fn headers_that_are_too_long_are_refused() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await;
    let envoy = Envoy::connect(app.address).await;
    let bearer = format!("Bearer {}", key.text);
    let ask = async |length| {
        let long = "a".repeat(length);
        envoy.ask("GET", SESSIONS, &[("authorization", &bearer), ("x-long", &long)]).await
    };
    ask(120 * 1024).await.expect(200);
    for length in [128 * 1024, 1024 * 1024] {
        ask(length).await.refused(413, "request: its headers are too long");
    }
    let many: Vec<_> = (0..20_000).map(|_| ("a", "")).collect();
    envoy.ask("GET", SESSIONS, &many).await.expect(401);
}

#[tokio::test]
async fn two_credentials_are_never_one() {
    let app = TestApp::start().await;
    let (key, other) = (app.key(&["*"]).await.text, app.key(&["*"]).await.text);
    let envoy = Envoy::connect(app.address).await;
    let conflict = |reply: Reply| reply.refused(401, "conflicting credentials");
    let (bearer, second) = (format!("Bearer {key}"), format!("bearer {other}"));
    // As Envoy joins them, in one header.
    for joined in [
        format!("{bearer},{bearer}"),
        format!("{bearer},{second}"),
        format!("{bearer}, {second}"),
        format!("Basic Zm9v,{bearer}"),
        format!("{bearer},Basic Zm9v"),
        format!("{bearer},"),
        format!(",{bearer}"),
    ] {
        conflict(envoy.ask("GET", SESSIONS, &[("authorization", &joined)]).await);
    }
    for joined in [format!("{key},{key}"), format!("{key},{other}"), format!("{key},"), format!(",{key}")] {
        conflict(envoy.ask("GET", SESSIONS, &[("x-api-key", &joined)]).await);
    }
    // In two entries, in two headers, in both fields.
    conflict(envoy.ask("GET", SESSIONS, &[("authorization", &bearer), ("authorization", &bearer)]).await);
    conflict(envoy.ask("GET", SESSIONS, &[("authorization", &bearer), ("x-api-key", &other)]).await);
    let twice = [("x-api-key", key.as_bytes()), ("X-Api-Key", key.as_bytes())];
    conflict(Reply::of(envoy.call(raw_question("GET", SESSIONS, &twice)).await.unwrap()));
    let mut both = question("GET", SESSIONS, &[("x-api-key", &key)]);
    let raw = raw_question("GET", SESSIONS, &twice[..1]).attributes.unwrap().request.unwrap().http.unwrap();
    both.attributes.as_mut().unwrap().request.as_mut().unwrap().http.as_mut().unwrap().header_map =
        raw.header_map;
    conflict(Reply::of(envoy.call(both).await.unwrap()));
    // Envoy joins the values of `Authorization` also with `encode_raw_headers`.
    let comma = format!("{bearer},{bearer}");
    let comma = raw_question("GET", SESSIONS, &[("authorization", comma.as_bytes())]);
    conflict(Reply::of(envoy.call(comma).await.unwrap()));
    // The same key in both headers is one, as at the gateway.
    envoy.ask("GET", SESSIONS, &[("authorization", &bearer), ("x-api-key", &key)]).await.expect(200);
}

#[tokio::test]
async fn no_spelling_of_a_request_passes_a_route() {
    let app = TestApp::start().await;
    let key = app.key(&["sessions:read"]).await.text;
    let envoy = Envoy::connect(app.address).await;
    for path in [
        "/api/sessions/../x",
        "/api/a/../sessions",
        "/api/sessions/%2e%2e/x",
        "/api/sessions/a%2fb",
        "/api/sessions%2F",
        "/api//sessions",
        "/api/sessions/a%00",
        "/api/sessions;a",
        "/api\\sessions",
        "/api/sessions#/../x",
        "http://api/api/sessions",
        "api/sessions",
        "?a",
        "*",
        "",
    ] {
        envoy.ask_with(&key, "GET", path).await.expect(400);
    }
    for method in ["CONNECT", "TRACE"] {
        let text = format!("method: {method} is not supported");
        envoy.ask_with(&key, method, SESSIONS).await.refused(400, &text);
        envoy.ask_with(&key, method, "").await.refused(400, &text);
    }
    envoy.ask_with(&key, "G T", SESSIONS).await.refused(400, "method: is none");
    envoy.ask_with(&key, "get", SESSIONS).await.expect(403);
    let path = Bytes::from_static(b"/api/sessions/\xff");
    let request = about(HttpRequest { method: "GET".into(), path, headers: vec![], header_map: None });
    Reply::of(envoy.call(request).await.unwrap()).refused(400, "path: must be UTF-8");
}

#[tokio::test]
async fn no_header_replaces_the_method_behind_envoy() {
    let app = TestApp::start().await;
    let bearer = format!("Bearer {}", app.key(&["*"]).await.text);
    let envoy = Envoy::connect(app.address).await;
    for name in ["x-http-method-override", "x-http-method", "x-rewrite-url", "x_original_url"] {
        let headers = [("authorization", bearer.as_str()), (name, "DELETE")];
        let text = format!("{name}: is not allowed, as it may replace method or path");
        envoy.ask("GET", SESSIONS, &headers).await.refused(400, &text);
        let raw = headers.map(|(name, value)| (name, value.as_bytes()));
        let reply = envoy.call(raw_question("GET", SESSIONS, &raw)).await.unwrap();
        Reply::of(reply).refused(400, &text);
    }
}

#[tokio::test]
async fn a_header_that_is_none_is_refused() {
    let app = TestApp::start().await;
    let bearer = format!("Bearer {}", app.key(&["*"]).await.text);
    let envoy = Envoy::connect(app.address).await;
    for (name, value) in [("a b", "c"), ("", "c"), ("a\0", "c"), ("a", "b\r\nx-titan-tenant: 2"), ("a", "\0")]
    {
        let headers = [("authorization", bearer.as_str()), (name, value)];
        envoy.ask("GET", SESSIONS, &headers).await.refused(400, "headers: one of them is none");
    }
    let raw: [(&str, &[u8]); 2] = [("authorization", bearer.as_bytes()), ("x-any", b"\xff\xfe")];
    Reply::of(envoy.call(raw_question("GET", SESSIONS, &raw)).await.unwrap()).expect(200);
}

#[tokio::test]
async fn no_claim_of_the_client_survives() {
    let app = TestApp::start().await;
    let key = app.key(&["sessions:read"]).await;
    let envoy = Envoy::connect(app.address).await;
    let bearer = format!("Bearer {}", key.text);
    let claims = [
        "x-titan-key-id",
        "x-titan-tenant",
        "x-titan-scopes",
        "x-titan-subject",
        "x-titan-session",
        "x-titan-identity",
    ];
    let others = ["x-titan-anything", "x_titan_tenant", "x.titan.tenant"];
    let mut headers = vec![("authorization", bearer.as_str())];
    headers.extend(claims.iter().chain(&others).map(|name| (*name, "forged")));
    let reply = envoy.ask("GET", SESSIONS, &headers).await.expect(200);
    assert_eq!(reply.headers.keys().map(String::as_str).collect::<Vec<_>>(), {
        let mut sorted = claims;
        sorted.sort_unstable();
        sorted
    });
    assert!(!reply.headers.values().any(|value| value == "forged"), "{reply:?}");
    for name in others {
        assert!(reply.removed.iter().any(|removed| removed == name), "{name} in {reply:?}");
    }
    // Envoy removes last: it would remove ours.
    assert!(!reply.removed.iter().any(|removed| claims.contains(&removed.as_str())), "{reply:?}");
}

#[tokio::test]
async fn the_master_key_is_no_api_key() {
    let app = TestApp::start().await;
    let envoy = Envoy::connect(app.address).await;
    envoy.ask_with(MASTER_KEY, "GET", SESSIONS).await.refused(403, "api key required");
    envoy.ask_with("titan_nonsense", "GET", SESSIONS).await.refused(401, "malformed api key");
    let none = envoy.ask("GET", SESSIONS, &[]).await.refused(401, "missing api key");
    assert_eq!(none.header("www-authenticate"), "Bearer realm=\"titan\"");
    assert_eq!(none.header("content-type"), "application/json");
    // Without a key, nobody learns of the routes.
    envoy.ask("GET", "/no/route", &[]).await.refused(401, "missing api key");
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await;
    let envoy = Envoy::connect(app.address).await;
    for _ in 0..3 {
        envoy.ask_with(&key.text, "GET", SESSIONS).await.expect(200);
    }
    app.master().delete(&format!("/admin/keys/{}", key.id)).await.expect(204);
    for _ in 0..3 {
        envoy.ask_with(&key.text, "GET", SESSIONS).await.refused(401, "api key revoked");
    }
}

/// Whatever Envoy sends is answered, and the connection lives on.
#[tokio::test]
async fn no_bytes_end_the_connection() {
    let app = TestApp::start().await;
    let envoy = Envoy::connect(app.address).await;
    let whole = question("GET", SESSIONS, &[("a", "b")]).encode_to_vec();
    for length in 0..whole.len() {
        let mut changed = whole.clone();
        changed[length] ^= 0x55;
        for body in [framed(&whole[..length]), framed(&changed)] {
            assert_eq!(envoy.send(post(body)).await.status(), 200);
        }
    }
    envoy.ask("GET", SESSIONS, &[]).await.expect(401);
}
