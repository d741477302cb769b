//! What Envoy is answered.

use super::{Envoy, Reply, raw_question};
use crate::support::access_log::LogFile;
use crate::support::app::MadeKey;
use crate::support::{Role, TestApp};
use serde_json::json;
use std::time::{Duration, Instant};
use titan_edge::envoy::CHECK;

const SESSIONS: &str = "/api/sessions";

#[tokio::test]
async fn a_yes_names_the_caller_and_removes_the_credential() {
    let app = TestApp::start().await;
    let key = app.key(&["sessions:read", "messages:write"]).await;
    let envoy = Envoy::connect(app.address).await;
    let yes = envoy.ask_with(&key.text, "GET", "/api/sessions/one?a=%2F/../").await.expect(200);
    for (name, value) in [
        ("x-titan-key-id", key.id.as_str()),
        ("x-titan-tenant", "1"),
        ("x-titan-scopes", "sessions:read messages:write"),
        ("x-titan-session", "one"),
    ] {
        assert_eq!(yes.header(name), value);
    }
    assert_eq!(yes.headers.get("x-titan-subject"), Some(&String::new()), "empty, and there");
    assert_eq!(yes.removed, ["x-api-key", "authorization"]);
    // An `Authorization` of another scheme is not ours.
    let headers = [("x-api-key", key.text.as_str()), ("authorization", "Digest a=\"b\", c=\"d\"")];
    assert_eq!(envoy.ask("GET", SESSIONS, &headers).await.expect(200).removed, ["x-api-key"]);
    let raw = [("X-Api-Key", key.text.as_bytes())];
    Reply::of(envoy.call(raw_question("GET", SESSIONS, &raw)).await.unwrap()).expect(200);
    assert!(app.upstream.take().is_empty(), "nothing is forwarded");
}

/// Status, headers and body of each refusal are those of the gateway.
#[tokio::test]
async fn a_no_is_that_of_the_gateway() {
    let app = TestApp::start().await;
    let key = app.key(&["sessions:read"]).await;
    let envoy = Envoy::connect(app.address).await;
    for (bearer, method, path) in [
        (None, "GET", SESSIONS),
        (Some("titan_nonsense"), "GET", SESSIONS),
        (Some(key.text.as_str()), "POST", SESSIONS),
        (Some(key.text.as_str()), "GET", "/no/route"),
        (Some(key.text.as_str()), "GET", "/api//sessions"),
    ] {
        let gateway = app.role(bearer).send(method, path, None).await;
        let value = bearer.map(|bearer| format!("Bearer {bearer}"));
        let headers: Vec<_> = value.iter().map(|value| ("authorization", value.as_str())).collect();
        let no = envoy.ask(method, path, &headers).await;
        assert_eq!((no.status, &no.body), (gateway.status, &gateway.text));
        for name in ["cache-control", "content-type", "www-authenticate"] {
            assert_eq!(no.header(name), gateway.header(name), "{name} in {no:?}");
        }
    }
}

#[tokio::test]
async fn limits_are_told_to_the_client() {
    let app = TestApp::start().await;
    let body = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["*"], "rateLimit": 1 });
    let key = MadeKey::of(&app.master().post("/admin/keys", body).await.expect(201));
    let envoy = Envoy::connect(app.address).await;
    let yes = envoy.ask_with(&key.text, "GET", SESSIONS).await.expect(200);
    assert_eq!(
        (yes.noted["x-ratelimit-limit"].as_str(), yes.noted["x-ratelimit-remaining"].as_str()),
        ("1", "0")
    );
    let no = envoy.ask_with(&key.text, "GET", SESSIONS).await.refused(429, "rate limit exceeded");
    assert!(no.header("retry-after").parse::<u32>().unwrap() >= 1);
    assert_eq!(no.header("x-ratelimit-remaining"), "0");
}

#[tokio::test]
async fn a_key_within_its_overlap_says_so() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await;
    let path = format!("/admin/keys/{}/rotate", key.id);
    app.master().post(&path, json!({ "overlapSeconds": 60 })).await.expect(200);
    let envoy = Envoy::connect(app.address).await;
    let noted = envoy.ask_with(&key.text, "GET", SESSIONS).await.expect(200).noted;
    assert!(noted["deprecation"].starts_with('@') && noted["sunset"].ends_with("GMT"), "{noted:?}");
}

#[tokio::test]
async fn the_method_is_on_the_control_port_alone() {
    let app = TestApp::with(|config| config.admin_listen = Some("127.0.0.1:0".to_owned())).await;
    let envoy = Envoy::connect(app.control.unwrap()).await;
    envoy.ask("GET", SESSIONS, &[]).await.refused(401, "missing api key");
    let public = Envoy::connect(app.address).await;
    assert!(public.call(super::question("GET", SESSIONS, &[])).await.is_err(), "the gateway has no message");
    let answer = Role::new(&format!("http://{}", app.address), None).send("POST", CHECK, None).await;
    answer.refused(401, "missing api key");
    assert!(app.upstream.take().is_empty());
}

#[tokio::test]
async fn many_questions_share_a_connection() {
    let app = TestApp::start().await;
    let key = app.key(&["sessions:read"]).await;
    let envoy = Envoy::connect(app.address).await;
    let asked: Vec<_> = (0..64)
        .map(|number| {
            let (envoy, key) = (envoy.clone(), key.text.clone());
            tokio::spawn(async move {
                let reply = envoy.ask_with(&key, "GET", &format!("/api/sessions/s{number}")).await;
                assert_eq!(reply.expect(200).header("x-titan-session"), format!("s{number}"));
            })
        })
        .collect();
    for task in asked {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn the_access_log_has_the_client_and_what_it_is_answered() {
    let log = LogFile::new();
    let app = TestApp::with(|config| {
        config.access_log = log.option();
        config.trusted_proxies = vec!["127.0.0.1".to_owned()];
    })
    .await;
    let key = app.key(&["sessions:read"]).await;
    let envoy = Envoy::connect(app.address).await;
    let bearer = format!("Bearer {}", key.text);
    for (id, method, path, status, code) in [
        ("yes", "GET", "/api/sessions/one", 200, json!(null)),
        ("no", "POST", SESSIONS, 403, json!("insufficient_scope")),
        ("bad", "GET", "/api//x", 400, json!("invalid_request")),
    ] {
        let headers = [
            ("authorization", bearer.as_str()),
            ("x-forwarded-for", "198.51.100.9, 192.0.2.7"),
            ("x-request-id", id),
        ];
        envoy.ask(method, path, &headers).await.expect(status);
        let line = log.line(id).await;
        assert_eq!(
            (&line["method"], &line["status"], &line["code"]),
            (&json!(method), &json!(status), &code)
        );
        assert_eq!((&line["client"], &line["aborted"]), (&json!("192.0.2.7"), &json!(null)), "{line}");
    }
    assert_eq!(log.line("yes").await["route"], "/api/sessions/{session}");
    assert_eq!(log.line("yes").await["key_id"], key.id);
}

#[tokio::test]
async fn failed_attempts_count_for_the_client_behind_envoy() {
    let app = TestApp::with(|config| {
        config.failed_attempts = 1;
        config.trusted_proxies = vec!["127.0.0.1".to_owned()];
    })
    .await;
    let envoy = Envoy::connect(app.address).await;
    let fail = async |client: &str| {
        let began = Instant::now();
        let headers = [("authorization", "Bearer titan_nonsense"), ("x-forwarded-for", client)];
        envoy.ask("GET", SESSIONS, &headers).await.expect(401);
        began.elapsed()
    };
    let second = Duration::from_secs(1);
    assert!(fail("192.0.2.1").await < second);
    assert!(fail("192.0.2.1").await >= second);
    assert!(fail("192.0.2.2").await < second, "another client waits for nobody");
}
