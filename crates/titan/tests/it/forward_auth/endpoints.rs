//! The endpoints, as each proxy asks them.

use crate::support::app::MadeKey;
use crate::support::{Answer, Role, TestApp};
use serde_json::json;

const NGINX: [&str; 2] = ["x-original-method", "x-original-url"];
const OTHERS: [&str; 2] = ["x-forwarded-method", "x-forwarded-uri"];
/// Endpoint, status of a yes, and the headers that say what is asked about.
const FAMILIES: [(&str, u16, [&str; 2]); 4] = [
    ("/auth/nginx", 204, NGINX),
    ("/auth/traefik", 200, OTHERS),
    ("/auth/caddy", 200, OTHERS),
    ("/auth/haproxy", 200, OTHERS),
];
const IDENTITY: [&str; 6] = [
    "x-titan-key-id",
    "x-titan-tenant",
    "x-titan-scopes",
    "x-titan-subject",
    "x-titan-session",
    "x-titan-identity",
];

async fn ask(role: &Role, endpoint: &str, headers: [&str; 2], method: &str, target: &str) -> Answer {
    let request = role.request("GET", endpoint).header(headers[0], method).header(headers[1], target);
    Answer::read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_yes_has_every_identity_header_and_is_not_kept() {
    let app = TestApp::start().await;
    let key = app.key(&["sessions:read"]).await;
    let holder = app.holder(&key);
    let mut answers = Vec::new();
    for (endpoint, yes, headers) in FAMILIES {
        answers.push(ask(&holder, endpoint, headers, "GET", "/api/sessions").await.expect(yes));
    }
    answers.push(holder.get("/auth/envoy/api/sessions?x=y").await.expect(200));
    for answer in answers {
        for name in IDENTITY {
            assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{name} in {answer:?}");
        }
        assert_eq!(
            (answer.header("x-titan-key-id"), answer.header("x-titan-tenant")),
            (key.id.as_str(), "1")
        );
        assert_eq!(answer.header("x-titan-subject"), "", "{answer:?}");
        assert_eq!((answer.header("cache-control"), answer.text.as_str()), ("no-store", ""));
    }
    assert!(app.upstream.take().is_empty(), "nothing is forwarded");
}

#[tokio::test]
async fn the_policy_decides_about_the_original_request() {
    let app = TestApp::start().await;
    let holder = app.holder(&app.key(&["sessions:read"]).await);
    for (endpoint, yes, headers) in FAMILIES {
        let session = ask(&holder, endpoint, headers, "GET", "/api/sessions/one?a=b").await.expect(yes);
        assert_eq!(session.header("x-titan-session"), "one");
        let lacking = ask(&holder, endpoint, headers, "POST", "/api/sessions").await;
        lacking.refused(403, "insufficient scope: sessions:manage required");
        ask(&holder, endpoint, headers, "GET", "/no/route").await.refused(403, "route not allowed");
        ask(&app.nobody(), endpoint, headers, "GET", "/api/sessions").await.refused(401, "missing api key");
    }
    holder.send("POST", "/auth/envoy/api/sessions", None).await.expect(403);
    holder.get("/auth/envoy/no/route").await.refused(403, "route not allowed");
    app.nobody().get("/auth/envoy/api/sessions").await.refused(401, "missing api key");
}

#[tokio::test]
async fn nginx_gets_no_status_that_it_does_not_understand() {
    let app = TestApp::start().await;
    let body = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["*"], "rateLimit": 1 });
    let key = MadeKey::of(&app.master().post("/admin/keys", body).await.expect(201));
    let holder = app.holder(&key);
    let nginx = async |target| ask(&holder, "/auth/nginx", NGINX, "GET", target).await;
    assert_eq!(nginx("/api//x").await.expect(403).header("x-titan-status"), "400");
    nginx("https://host/api/sessions").await.expect(204);
    let limited = nginx("/api/sessions").await.refused(403, "rate limit exceeded");
    assert_eq!(limited.header("x-titan-status"), "429");
    assert!(limited.header("retry-after").parse::<u32>().unwrap() >= 1);
    let missing = ask(&app.nobody(), "/auth/nginx", NGINX, "GET", "/api/sessions").await.expect(401);
    assert_eq!(missing.header("www-authenticate"), "Bearer realm=\"titan\"");
    for (endpoint, _, headers) in &FAMILIES[1..] {
        ask(&holder, endpoint, *headers, "GET", "/api/sessions").await.expect(429);
    }
}

/// The `Host` of a client may be in an absolute URL.
#[tokio::test]
async fn no_host_makes_another_path() {
    let app = TestApp::start().await;
    let holder = app.holder(&app.key(&["sessions:read"]).await);
    for target in
        ["http://h?x/api/sessions", "http://h#/api/sessions", "http://a@b/api/sessions", "api/sessions", ""]
    {
        let answer = ask(&holder, "/auth/nginx", NGINX, "GET", target).await.expect(400);
        assert_eq!(answer.header("x-titan-status"), "", "nginx makes 500 of it, and its log says why");
    }
}

#[tokio::test]
async fn a_proxy_that_says_too_little_or_too_much_is_told() {
    let app = TestApp::start().await;
    let holder = app.holder(&app.key(&["sessions:read"]).await);
    let text = "x-forwarded-uri: the proxy must send it, and only once";
    for endpoint in ["/auth/traefik", "/auth/caddy", "/auth/haproxy"] {
        let request = holder.request("GET", endpoint).header("x-forwarded-method", "GET");
        Answer::read(request.send().await.unwrap()).await.refused(400, text);
        let twice = holder.request("GET", endpoint).header("x-forwarded-method", "GET");
        let twice = twice.header("x-forwarded-uri", "/api/sessions").header("x-forwarded-uri", "/x");
        Answer::read(twice.send().await.unwrap()).await.refused(400, text);
    }
    let other = ask(&holder, "/auth/nginx", OTHERS, "GET", "/api/sessions").await;
    other.refused(400, "x-original-method: the proxy must send it, and only once");
    for method in ["CONNECT", "TRACE"] {
        ask(&holder, "/auth/caddy", OTHERS, method, "/api/sessions").await.expect(400);
    }
    ask(&holder, "/auth/caddy", OTHERS, "G T", "/api/sessions").await.expect(400);
}

/// The proxy forwards the client's headers: one that replaces the method there would undo the decision.
#[tokio::test]
async fn no_header_replaces_the_method_behind_the_proxy() {
    let app = TestApp::start().await;
    let holder = app.holder(&app.key(&["*"]).await);
    for name in
        ["X-HTTP-Method-Override", "x-http-method", "X-Method-Override", "X-Rewrite-URL", "X_Original_URL"]
    {
        for (endpoint, _, headers) in FAMILIES {
            let request =
                holder.request("GET", endpoint).header(headers[0], "GET").header(headers[1], "/api/sessions");
            let answer = Answer::read(request.header(name, "DELETE").send().await.unwrap()).await;
            assert!(answer.text_at("/error").ends_with("is not allowed, as it may replace method or path"));
        }
    }
}

#[tokio::test]
async fn the_endpoints_are_on_the_control_port_alone() {
    let app = TestApp::with(|config| config.admin_listen = Some("127.0.0.1:0".to_owned())).await;
    let control = Role::new(&format!("http://{}", app.control.unwrap()), None);
    ask(&control, "/auth/caddy", OTHERS, "GET", "/api/sessions").await.refused(401, "missing api key");
    app.nobody().get("/auth/caddy").await.refused(401, "missing api key");
    assert!(app.upstream.take().is_empty());
}

#[tokio::test]
async fn without_an_upstream_the_gateway_has_no_page() {
    let app = TestApp::with(|config| config.upstreams[0].url = "none".to_owned()).await;
    let holder = app.holder(&app.key(&["*"]).await);
    holder.get("/api/sessions").await.refused(404, "page not found");
    ask(&holder, "/auth/caddy", OTHERS, "GET", "/api/sessions").await.expect(200);
}

#[tokio::test]
async fn a_key_within_its_overlap_says_so() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await;
    let path = format!("/admin/keys/{}/rotate", key.id);
    app.master().post(&path, json!({ "overlapSeconds": 60 })).await.expect(200);
    let answer = ask(&app.holder(&key), "/auth/traefik", OTHERS, "GET", "/api/sessions").await.expect(200);
    assert!(answer.header("deprecation").starts_with('@') && answer.header("sunset").ends_with("GMT"));
}
