//! The gateway in front of an upstream: what passes, what is refused, how streams and failures look.

use crate::support::upstream::{Websocket, hand_shake, header};
use crate::support::{TestApp, raw};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use titan::config::UpstreamConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn reads_and_writes_pass_whole() {
    let app = TestApp::start().await;
    let holder = app.holder(&app.key(&["*"]).await);
    let answer =
        holder.post("/api/sessions/default/messages/send?x=%20y", json!({ "chatId": "1" })).await.expect(200);
    assert_eq!(answer.at("/method"), "POST");
    assert_eq!(answer.at("/target"), "/api/sessions/default/messages/send?x=%20y");
    assert_eq!(answer.at("/body"), r#"{"chatId":"1"}"#);
    assert!(!answer.header("x-request-id").is_empty());
}

#[tokio::test]
async fn the_upstream_learns_who_asks_and_never_sees_the_credential() {
    let app = TestApp::start().await;
    let key = app.key(&["sessions:manage", "messages:write"]).await;
    for bearer in [true, false] {
        let request = if bearer {
            app.holder(&key).request("GET", "/api/sessions/my-session")
        } else {
            app.nobody().request("GET", "/api/sessions/my-session").header("X-API-Key", &key.text)
        };
        assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
    }
    for said in app.upstream.take() {
        assert_eq!(header(&said, "x-titan-key-id"), [&*key.id]);
        assert_eq!(header(&said, "x-titan-tenant"), ["1"]);
        assert_eq!(header(&said, "x-titan-scopes"), ["sessions:manage messages:write"]);
        assert_eq!(header(&said, "x-titan-session"), ["my-session"]);
        assert_eq!(header(&said, "x-titan-subject"), [""]);
        assert_eq!(header(&said, "x-forwarded-for"), ["127.0.0.1"]);
        assert_eq!(header(&said, "host"), [app.upstream.address.to_string()]);
        assert!(!said.to_string().contains(&key.text), "{said}");
    }
}

#[tokio::test]
async fn what_no_route_names_is_refused() {
    let app = TestApp::start().await;
    let god = app.holder(&app.key(&["*"]).await);
    god.get("/api/unknown").await.refused(403, "route not allowed");
    god.send("DELETE", "/api/sessions", None).await.refused(403, "route not allowed");
    app.nobody().get("/api/unknown").await.refused(401, "missing api key");
    assert_eq!(app.upstream.take(), Vec::<Value>::new());
}

#[tokio::test]
async fn without_an_upstream_there_is_nothing() {
    let app = TestApp::with(|config| config.upstreams.clear()).await;
    app.holder(&app.key(&["*"]).await).get("/api/sessions").await.refused(404, "page not found");
}

#[tokio::test]
async fn an_upstream_that_is_down_is_502_and_one_that_is_slow_504() {
    let app = TestApp::start().await;
    let god = app.holder(&app.key(&["*"]).await);
    god.get("/api/sessions?slow").await.refused(504, "upstream timed out");
    let gone = TestApp::with(|config| config.upstreams[0].url = "http://127.0.0.1:1".to_owned()).await;
    let god = gone.holder(&gone.key(&["*"]).await);
    god.get("/api/sessions").await.refused(502, "upstream unreachable");
}

/// The first piece of a stream arrives while the upstream still has the second.
#[tokio::test]
async fn answers_stream() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await;
    let began = Instant::now();
    let mut answer = app.holder(&key).request("GET", "/api/sessions/a/events?drip").send().await.unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "data: first\n\n");
    assert!(began.elapsed() < Duration::from_millis(1400), "the gateway held the stream back");
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "data: second\n\n");
}

/// A body without a length reaches the upstream whole.
#[tokio::test]
async fn requests_stream() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await;
    let pieces = (0..50).map(|n| Ok::<_, std::io::Error>(format!("piece {n};")));
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    let answer = app.holder(&key).request("POST", "/api/sessions").body(body).send().await.unwrap();
    let said: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert!(said["body"].as_str().unwrap().ends_with("piece 49;"));
    assert_eq!(header(&said, "transfer-encoding"), ["chunked"]);
}

/// A client that takes longer to send than an upstream may take to answer.
#[tokio::test]
async fn a_slow_upload_is_not_a_slow_upstream() {
    let app = TestApp::start().await;
    app.holder(&app.key(&["*"]).await).upload_slowly().await;
}

/// Two entries for one server: no spelling may find the looser one.
#[tokio::test]
async fn no_spelling_of_a_path_finds_another_upstream() {
    let folder = tempfile::tempdir().unwrap();
    let open = folder.path().join("open.toml");
    std::fs::write(&open, "name = \"open\"\ndefault = \"authenticated\"\n").unwrap();
    let strict = folder.path().join("strict.toml");
    std::fs::write(&strict, "name = \"strict\"\n").unwrap();
    let app = TestApp::with(|config| {
        let url = config.upstreams[0].url.clone();
        config.upstreams[0].policy = vec![open.display().to_string()];
        let policy = vec![strict.display().to_string()];
        config.upstreams.push(UpstreamConfig {
            url,
            policy,
            paths: vec!["/secret".to_owned()],
            ..UpstreamConfig::default()
        });
    })
    .await;
    let god = app.holder(&app.key(&["*"]).await);
    god.get("/open").await.expect(200);
    god.get("/secret/a").await.expect(403);
    god.get("/%73ecret/a").await.expect(403);
    god.get("/Secret/a").await.expect(404);
    assert_eq!(app.upstream.take().len(), 1);
}

#[tokio::test]
async fn a_get_with_a_body_of_unknown_length_keeps_it() {
    let app = TestApp::start().await;
    let bearer = format!("Authorization: Bearer {}", app.key(&["*"]).await.text);
    let headers = ["Host: a", &bearer, "Transfer-Encoding: chunked"];
    let (status, _) =
        raw::request(app.address, "GET /api/sessions", &headers, "5\r\nquery\r\n0\r\n\r\n").await;
    assert_eq!((status, &app.upstream.take()[0]["body"]), (200, &json!("query")));
}

#[tokio::test]
async fn headers_between_neighbours_stay_between_them() {
    let app = TestApp::start().await;
    let answer = app.holder(&app.key(&["*"]).await).get("/api/sessions?hop").await.expect(200);
    assert_eq!((answer.header("x-between"), answer.header("keep-alive")), ("", ""));
    assert_eq!(answer.header("x-kept"), "1");
}

#[tokio::test]
async fn websockets_pass() {
    let upstream = Websocket::start().await.address;
    let app = TestApp::with(|config| config.upstreams[0].url = format!("http://{upstream}")).await;
    let key = app.key(&["*"]).await.text;
    let mut stream = hand_shake(app.address, &key).await;
    let mut piece = [0; 4096];
    for message in ["ping", "pong"] {
        stream.write_all(message.as_bytes()).await.unwrap();
        let length = stream.read(&mut piece).await.unwrap();
        assert_eq!(&piece[..length], message.as_bytes());
    }
}

#[tokio::test]
async fn a_websocket_needs_a_key_like_any_other_request() {
    let upstream = Websocket::start().await.address;
    let app = TestApp::with(|config| config.upstreams[0].url = format!("http://{upstream}")).await;
    let headers = ["Host: a", "Connection: Upgrade", "Upgrade: websocket"];
    let (status, _) = raw::request(app.address, "GET /api/sessions", &headers, "").await;
    assert_eq!(status, 401);
}

/// `h2c` would open a channel that no policy looks into.
#[tokio::test]
async fn no_other_protocol_is_switched_to() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await.text;
    let bearer = format!("Authorization: Bearer {key}");
    let headers = [
        "Host: a",
        &bearer,
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABk",
    ];
    let (status, _) = raw::request(app.address, "GET /api/sessions", &headers, "").await;
    assert_eq!(status, 200);
    let said = app.upstream.take().remove(0);
    assert!(header(&said, "upgrade").is_empty() && header(&said, "http2-settings").is_empty(), "{said}");
}

#[tokio::test]
async fn several_upstreams_each_have_their_paths_and_policies() {
    let other = crate::support::upstream::Echo::start().await;
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("other.toml");
    std::fs::write(&policy, "name = \"other\"\nerrors = \"platform\"\ndefault = \"authenticated\"\n")
        .unwrap();
    let (url, policy) = (format!("http://{}", other.address), policy.display().to_string());
    let app = TestApp::with(|config| {
        config.upstreams.push(UpstreamConfig {
            url,
            policy: vec![policy],
            paths: vec!["/other".to_owned()],
            ..UpstreamConfig::default()
        });
    })
    .await;
    let holder = app.holder(&app.key(&["sessions:read"]).await);
    holder.get("/api/sessions").await.expect(200);
    holder.get("/other/anything").await.expect(200);
    assert_eq!((app.upstream.take().len(), other.take().len()), (1, 1));
    let refused = app.nobody().get("/other/anything").await.expect(401);
    assert_eq!(
        refused.text, r#"{"success":false,"error":{"code":"UNAUTHORIZED","message":"missing api key"}}"#,
        "errors are in the style of the policy"
    );
}

/// Of two policies of one upstream, that of the route has the word, whatever it is that is refused.
#[tokio::test]
async fn a_limit_is_refused_in_the_style_of_the_policy_of_its_route() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("other.toml");
    let route = "[[route]]\nmethods = [\"GET\"]\npath = \"/orders\"\n";
    std::fs::write(&policy, format!("name = \"other\"\nerrors = \"platform\"\n{route}")).unwrap();
    let app = TestApp::with(|config| {
        config.rate_limit = 1;
        config.upstreams[0].policy.push(policy.display().to_string());
    })
    .await;
    let holder = app.holder(&app.key(&["sessions:read"]).await);
    holder.get("/orders").await.expect(200);
    let refused = holder.get("/orders").await.expect(429);
    assert_eq!(refused.text_at("/error/message"), "rate limit exceeded");
    holder.get("/api/sessions").await.refused(429, "rate limit exceeded");
}

#[tokio::test]
async fn a_control_plane_with_a_port_of_its_own_leaves_its_paths_to_the_upstream() {
    let app = TestApp::with(|config| config.admin_listen = Some("127.0.0.1:0".to_owned())).await;
    let control = crate::support::Role::new(
        &format!("http://{}", app.control.unwrap()),
        Some(crate::support::app::MASTER_KEY),
    );
    let body = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["*"] });
    let key = crate::support::app::MadeKey::of(&control.post("/admin/keys", body).await.expect(201));
    control.get("/api/sessions").await.refused(404, "page not found");
    control.get("/api/account/keys").await.refused(404, "page not found");
    control.get("/health/ready").await.expect(200);
    control.get("/health/other").await.refused(404, "page not found");
    let public = app.holder(&key);
    public.get("/api/account/keys").await.expect(200);
    public.get("/health/ready").await.expect(200);
    public.get("/admin/keys").await.refused(403, "route not allowed");
    app.master().get("/admin/keys").await.refused(403, "api key required");
}

#[tokio::test]
async fn what_runs_may_finish_when_titan_stops() {
    let mut app = TestApp::start().await;
    let key = app.key(&["*"]).await;
    let mut answer = app.holder(&key).request("GET", "/api/sessions/a/events?drip").send().await.unwrap();
    assert!(answer.chunk().await.unwrap().is_some());
    let stopping = app.stop();
    let rest = async { answer.chunk().await.unwrap().unwrap() };
    let ((), rest) = tokio::join!(stopping, rest);
    assert_eq!(rest, "data: second\n\n");
    assert!(TcpStream::connect(app.address).await.is_err(), "nobody listens any more");
}
