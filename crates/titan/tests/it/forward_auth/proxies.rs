//! Real proxies guard a real API.

use super::proxy::{Kind, Proxy};
use crate::support::app::MadeKey;
use crate::support::upstream::{Echo, header};
use crate::support::{Answer, Role, TestApp};
use serde_json::{Value, json};

const SESSIONS: &str = "/api/sessions";
const IDENTITY: [&str; 6] = [
    "x-titan-key-id",
    "x-titan-tenant",
    "x-titan-scopes",
    "x-titan-subject",
    "x-titan-session",
    "x-titan-identity",
];

struct Site {
    app: TestApp,
    api: Echo,
    proxy: Proxy,
    kind: Kind,
}

impl Site {
    async fn start(kind: Kind) -> Self {
        let (app, api) =
            (TestApp::with(|config| config.upstreams[0].url = "none".to_owned()).await, Echo::start().await);
        let proxy = Proxy::start(kind, app.address, api.address).await;
        Self { app, api, proxy, kind }
    }

    fn role(&self, key: Option<&str>) -> Role {
        Role::new(&format!("http://{}", self.proxy.address), key)
    }

    fn holder(&self, key: &MadeKey) -> Role {
        self.role(Some(&key.text))
    }

    /// What reached the API: exactly one request.
    fn reached(&self) -> Value {
        let mut seen = self.api.take();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }
}

async fn who_calls_reaches_the_api_and_the_credential_does_not(site: &Site) {
    let key = site.app.key(&["sessions:read", "messages:write"]).await;
    site.holder(&key).get("/api/sessions/default?x=%2F").await.expect(200);
    let said = site.reached();
    assert_eq!(said["target"], "/api/sessions/default?x=%2F");
    assert_eq!(header(&said, "x-titan-key-id"), [key.id.as_str()]);
    assert_eq!(header(&said, "x-titan-tenant"), ["1"]);
    assert_eq!(header(&said, "x-titan-scopes"), ["sessions:read messages:write"]);
    assert_eq!(header(&said, "x-titan-session"), ["default"]);
    for credential in ["authorization", "x-api-key"] {
        assert!(header(&said, credential).iter().all(String::is_empty), "{said}");
    }
    let by_header = site.role(None).request("GET", SESSIONS).header("X-API-Key", &key.text);
    Answer::read(by_header.send().await.unwrap()).await.expect(200);
    assert!(header(&site.reached(), "x-api-key").iter().all(String::is_empty));
}

/// Whatever a client says of itself, or of the request, means nothing.
async fn no_claim_of_the_client_survives(site: &Site) {
    let key = site.app.key(&["sessions:read"]).await;
    let mut request = site.holder(&key).request("GET", SESSIONS);
    for name in IDENTITY {
        request = request.header(name, "forged");
    }
    request.send().await.unwrap();
    let said = site.reached();
    for name in IDENTITY {
        assert!(!header(&said, name).contains(&"forged".to_owned()), "{name} in {said}");
    }
    for (method, target) in
        [("x-original-method", "x-original-url"), ("x-forwarded-method", "x-forwarded-uri")]
    {
        let request = site.holder(&key).request("POST", "/api/sessions");
        let request = request.header(method, "GET").header(target, SESSIONS).json(&json!({}));
        let status = Answer::read(request.send().await.unwrap()).await.status;
        assert!([400, 403].contains(&status), "{:?}: {status} with {target}", site.kind);
    }
    for name in ["X-HTTP-Method-Override", "X-Rewrite-URL"] {
        let request = site.holder(&key).request("GET", SESSIONS).header(name, "/free");
        let is_refused = Answer::read(request.send().await.unwrap()).await.status == 400;
        let seen = site.api.take();
        assert_eq!(seen.len(), usize::from(!is_refused));
        assert!(seen.iter().all(|said| header(said, &name.to_lowercase()).is_empty()), "{seen:?}");
    }
    let free = site.role(None).request("GET", SESSIONS).header("x-titan-status", "200");
    Answer::read(free.send().await.unwrap()).await.expect(401);
    assert_eq!(site.api.take(), Vec::<Value>::new());
}

async fn a_refusal_reaches_the_client(site: &Site) {
    let key = site.app.key(&["groups:read"]).await;
    let none = site.role(None).get(SESSIONS).await.expect(401);
    assert_eq!(none.header("www-authenticate"), "Bearer realm=\"titan\"");
    site.role(Some("titan_nonsense")).get(SESSIONS).await.expect(401);
    site.holder(&key).get(SESSIONS).await.expect(403);
    site.holder(&key).get("/no/such/route").await.expect(403);
    assert_eq!(site.api.take(), Vec::<Value>::new());
}

async fn a_path_with_two_readings_is_refused(site: &Site) {
    let key = site.app.key(&["sessions:read"]).await;
    for path in
        ["/api/sessions/a%2Fmessages", "/api//sessions", "/api/sessions/%2e%2e/x", "/api/sessions/a%00"]
    {
        let status = site.holder(&key).get(path).await.status;
        assert!((400..=404).contains(&status), "{:?}: {path} is {status}", site.kind);
    }
    assert_eq!(site.api.take(), Vec::<Value>::new());
}

async fn a_revocation_acts_on_the_next_request(site: &Site) {
    let key = site.app.key(&["sessions:read"]).await;
    let holder = site.holder(&key);
    for _ in 0..3 {
        holder.get(SESSIONS).await.expect(200);
    }
    site.app.master().delete(&format!("/admin/keys/{}", key.id)).await.expect(204);
    for _ in 0..3 {
        holder.get(SESSIONS).await.expect(401);
    }
    assert_eq!(site.api.take().len(), 3);
}

async fn a_limit_is_429_with_the_time_to_wait(site: &Site) {
    let body = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["*"], "rateLimit": 2 });
    let key = MadeKey::of(&site.app.master().post("/admin/keys", body).await.expect(201));
    let holder = site.holder(&key);
    for _ in 0..2 {
        holder.get(SESSIONS).await.expect(200);
    }
    let refused = holder.get(SESSIONS).await.refused(429, "rate limit exceeded");
    let wait: u32 = refused.header("retry-after").parse().unwrap();
    assert!((1..=62).contains(&wait), "{wait}");
    assert_eq!(site.api.take().len(), 2);
}

async fn a_body_reaches_the_api_alone(site: &Site) {
    let key = site.app.key(&["messages:write"]).await;
    let body = json!({ "chatId": "1@c.us", "text": "x".repeat(100_000) });
    let path = "/api/sessions/default/messages/send";
    site.holder(&key).post(path, body.clone()).await.expect(200);
    let said = site.reached();
    assert_eq!(
        (&said["method"], said["body"].as_str().unwrap().len()),
        (&json!("POST"), body.to_string().len())
    );
}

/// Without an answer of Titan nothing passes.
async fn without_titan_nothing_passes(site: &mut Site) {
    let key = site.app.key(&["sessions:read"]).await;
    let holder = site.holder(&key);
    site.app.stop().await;
    let status = holder.get(SESSIONS).await.status;
    assert!(status >= 500, "{:?}: {status}", site.kind);
    assert_eq!(site.api.take(), Vec::<Value>::new());
}

async fn all(kind: Kind) {
    let mut site = Site::start(kind).await;
    who_calls_reaches_the_api_and_the_credential_does_not(&site).await;
    no_claim_of_the_client_survives(&site).await;
    a_refusal_reaches_the_client(&site).await;
    a_path_with_two_readings_is_refused(&site).await;
    a_revocation_acts_on_the_next_request(&site).await;
    a_limit_is_429_with_the_time_to_wait(&site).await;
    a_body_reaches_the_api_alone(&site).await;
    without_titan_nothing_passes(&mut site).await;
}

#[tokio::test]
async fn nginx_as_on_its_page() {
    all(Kind::Nginx).await;
}

#[tokio::test]
async fn caddy_as_on_its_page() {
    all(Kind::Caddy).await;
}

#[tokio::test]
async fn envoy_over_grpc_as_on_its_page() {
    all(Kind::Envoy).await;
}

#[tokio::test]
async fn envoy_over_http_as_on_its_page() {
    all(Kind::EnvoyHttp).await;
}

#[tokio::test]
async fn two_credentials_are_not_one_if_envoy_joins_them() {
    for kind in [Kind::Envoy, Kind::EnvoyJoined] {
        let site = Site::start(kind).await;
        let key = site.app.key(&["*"]).await.text;
        for name in ["authorization", "x-api-key"] {
            let value = if name == "x-api-key" { key.clone() } else { format!("Bearer {key}") };
            let request = || site.role(None).request("GET", SESSIONS).header(name, &value);
            Answer::read(request().send().await.unwrap()).await.expect(200);
            let twice = request().header(name, &value).send().await.unwrap();
            Answer::read(twice).await.refused(401, "conflicting credentials");
        }
        let said = site.role(None).request("GET", SESSIONS).header("x-api-key", &key);
        said.header("x_titan_tenant", "2").send().await.unwrap();
        assert_eq!(header(&site.api.take().pop().unwrap(), "x_titan_tenant"), Vec::<String>::new());
    }
}

#[tokio::test]
async fn haproxy_as_on_its_page() {
    all(Kind::Haproxy).await;
}
