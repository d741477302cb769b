//! Spellings of paths, headers and framings that try to slip past a route's scope.

use crate::support::upstream::header;
use crate::support::{TestApp, raw};

/// A policy that lets any key through where no route says otherwise: the one in which a slip would show.
const OPEN: &str = r#"
name = "open"
default = "authenticated"
[[route]]
methods = ["GET", "POST"]
path = "/secret/{name}"
scope = "media:manage"
[[route]]
methods = ["GET"]
path = "/Mixed"
scope = "media:manage"
"#;

struct Open {
    app: TestApp,
    bearer: String,
}

impl Open {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("open.toml");
        std::fs::write(&file, OPEN).unwrap();
        let app = TestApp::with(|config| config.upstreams[0].policy = vec![file.display().to_string()]).await;
        let bearer = format!("Authorization: Bearer {}", app.key(&["sessions:read"]).await.text);
        Self { app, bearer }
    }

    async fn send(&self, line: &str, headers: &[&str], body: &str) -> u16 {
        let mut all = vec![self.bearer.as_str()];
        all.extend(headers);
        raw::request(self.app.address, line, &all, body).await.0
    }
}

#[tokio::test]
async fn no_spelling_of_a_path_reaches_the_upstream_past_its_scope() {
    let open = Open::start().await;
    for (target, status) in [
        ("/secret/a", 403),
        ("/secret/a/", 403),
        ("/%73ecret/a", 403),
        ("/SECRET/a", 403),
        ("/Secret/a", 403),
        ("/mixed", 403),
        ("/secret/a?x=/../open", 403),
        ("//secret/a", 400),
        ("/secret//a", 400),
        ("/./secret/a", 400),
        ("/secret/./a", 400),
        ("/open/../secret/a", 400),
        ("/open/%2e%2e/secret/a", 400),
        ("/open/%2E%2E/secret/a", 400),
        ("/open/.%2e/secret/a", 400),
        ("/open%2F..%2Fsecret/a", 400),
        ("/secret%2fa", 400),
        ("/secret;x=1/a", 400),
        ("/secret/a;x", 400),
        ("/secret/a%3bx", 400),
        ("/secret\\a", 400),
        ("/secret%5ca", 400),
        ("/secret/a%00", 400),
        ("/%2573ecret/a", 400),
        ("/secret/%ff", 400),
        ("/secret/%", 400),
        ("/secret/a#fragment", 400),
        ("http://any.host/secret/a", 400),
        ("secret/a", 400),
        ("*", 400),
    ] {
        let got = open.send(&format!("GET {target}"), &["Host: a"], "").await;
        // What the HTTP parser itself refuses is refused as well; a fragment may also be cut off before the route.
        let is_refused = got == status || (target.contains(['#', '\\']) && [400, 403].contains(&got));
        assert!(is_refused, "{target}: {got}");
        assert!(open.app.upstream.take().is_empty(), "{target} reached the upstream");
    }
    assert_eq!(open.send("GET /%6fpen/%40", &["Host: a"], "").await, 200, "the open path is open");
    assert_eq!(open.app.upstream.take().remove(0)["target"], "/open/%40", "the normal form is passed on");
    assert_eq!(open.send("DELETE /secret/a", &["Host: a"], "").await, 403, "a method that no route names");
    assert_eq!(open.send("get /secret/a", &["Host: a"], "").await, 403, "methods have a case");
}

#[tokio::test]
async fn an_absolute_target_is_matched_by_its_path_and_goes_to_the_upstream_alone() {
    let open = Open::start().await;
    assert_eq!(open.send("GET http://a/secret/a", &["Host: a"], "").await, 403);
    assert_eq!(open.send("GET http://a/open", &["Host: a"], "").await, 200);
    let said = open.app.upstream.take().remove(0);
    assert_eq!(said["target"], "/open");
    assert_eq!(header(&said, "host"), [open.app.upstream.address.to_string()]);
    assert_eq!(open.send("GET http://b/open", &["Host: a"], "").await, 400);
    assert_eq!(open.send("CONNECT a:80", &["Host: a"], "").await, 400);
}

#[tokio::test]
async fn headers_that_two_servers_may_read_differently_are_refused() {
    let open = Open::start().await;
    assert_eq!(open.send("GET /open", &["Host: a", "Host: b"], "").await, 400);
    assert_eq!(open.send("GET /open", &["Host: a", "Host: a"], "").await, 400);
    let bearer = open.bearer.clone();
    assert_eq!(open.send("GET /open", &["Host: a", &bearer], "").await, 401);
    assert_eq!(open.send("GET /open", &["Host: a", "Authorization: Bearer x"], "").await, 401);
    assert_eq!(open.send("GET /open", &["Host: a", "X-API-Key: x"], "").await, 401);
    assert_eq!(open.send("GET /open", &["Host: a", "X-API-Key: x", "X-API-Key: x"], "").await, 401);
    assert!(open.app.upstream.take().is_empty());
}

#[tokio::test]
async fn no_identity_can_be_claimed_or_taken_away() {
    let open = Open::start().await;
    let sent = [
        "Host: a",
        "X-Titan-Tenant: 99",
        "x-titan-scopes: *",
        "X_Titan_Tenant: 99",
        "X-Titan-Identity: forged",
        "Connection: X-Titan-Tenant, X-Titan-Key-Id",
    ];
    assert_eq!(open.send("GET /open", &sent, "").await, 200);
    let said = open.app.upstream.take().remove(0);
    assert_eq!(header(&said, "x-titan-tenant"), ["1"]);
    assert_eq!(header(&said, "x-titan-scopes"), ["sessions:read"]);
    assert_eq!(header(&said, "x-titan-key-id").len(), 1);
    assert_eq!(header(&said, "x-titan-identity"), [""]);
    assert!(header(&said, "x_titan_tenant").is_empty(), "{said}");
}

const SMUGGLED: &str = "GET /secret/a HTTP/1.1\r\nHost: a\r\n\r\n";

/// Both lengths, in both orders, and lengths that contradict: the upstream must never see a second request.
#[tokio::test]
async fn no_request_can_be_smuggled() {
    let open = Open::start().await;
    let length = format!("Content-Length: {}", SMUGGLED.len() + 5);
    let chunked_first = format!("0\r\n\r\n{SMUGGLED}");
    for headers in [
        vec!["Host: a", &length, "Transfer-Encoding: chunked"],
        vec!["Host: a", "Transfer-Encoding: chunked", &length],
        vec!["Host: a", "Transfer-Encoding: chunked, identity"],
        vec!["Host: a", "Transfer-Encoding: xchunked"],
        vec!["Host: a", "Transfer-Encoding : chunked"],
        vec!["Host: a", "Content-Length: 3", "Content-Length: 5"],
        vec!["Host: a", "Content-Length: 3, 5"],
        vec!["Host: a", "Content-Length: +5"],
        vec!["Host: a", "Content-Length: 0x5"],
    ] {
        let status = open.send("POST /open", &headers, &chunked_first).await;
        let seen = open.app.upstream.take();
        assert!(seen.iter().all(|said| said["target"] == "/open"), "{headers:?}: {seen:?}");
        assert!(
            seen.iter().all(|said| !said["body"].as_str().unwrap().contains("secret")),
            "{headers:?}: {seen:?}"
        );
        assert!(status == 400 || status == 0 || seen.len() == 1, "{headers:?}: {status}");
    }
}

#[tokio::test]
async fn a_header_line_cannot_be_split() {
    let open = Open::start().await;
    for header in ["X-A: b\r\n c: d", "X-A\r\n: d", "X A: b", ": b", "X-A: b\0c"] {
        let status = open.send("GET /open", &["Host: a", header], "").await;
        assert!([0, 400].contains(&status), "{header:?}: {status}");
    }
    assert!(open.app.upstream.take().is_empty());
}
