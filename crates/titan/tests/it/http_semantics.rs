//! What RFC 9110, 9112 and 9113 ask of a gateway. `docs/http.md` has the list.

use crate::support::scripted::{After, Scripted};
use crate::support::upstream::header;
use crate::support::{TestApp, raw};
use http::{Request, Version};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATH: &str = "/api/sessions";

/// A Titan in front of an upstream that answers so, and the credential of a key that may do everything.
async fn in_front_of(answer: &'static str, after: After) -> (TestApp, Scripted, String) {
    let upstream = Scripted::start(answer, after).await;
    let url = format!("http://{}", upstream.address);
    let app = TestApp::with(|config| config.upstreams[0].url = url).await;
    let bearer = format!("Authorization: Bearer {}", app.key(&["*"]).await.text);
    (app, upstream, bearer)
}

/// The answer to a GET, as it came over the wire.
async fn answered(answer: &'static str) -> String {
    let (app, _upstream, bearer) = in_front_of(answer, After::Close).await;
    raw::request(app.address, &format!("GET {PATH}"), &["Host: a", &bearer], "").await.1.to_lowercase()
}

/// RFC 9113, 8.2.3: HTTP/2 splits cookies, HTTP/1.1 does not know that. RFC 9110, 7.6.3: `Via`.
#[tokio::test]
async fn an_http_2_request_becomes_a_good_http_1_request() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await.text;
    let stream = TcpStream::connect(app.address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get(format!("http://api.example{PATH}"))
        .header("authorization", format!("Bearer {key}"))
        .header("cookie", "a=1")
        .header("x-other", "1")
        .header("cookie", "b=2; c=3")
        .header("via", "1.1 before");
    let answer = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, Version::HTTP_2));
    answer.into_body().collect().await.unwrap();
    let said = app.upstream.take().remove(0);
    assert_eq!(header(&said, "cookie"), ["a=1; b=2; c=3"]);
    assert_eq!(header(&said, "via"), ["1.1 before", "2 titan"]);
    assert_eq!(header(&said, "x-forwarded-host"), ["api.example"]);
    assert_eq!(header(&said, "host"), [app.upstream.address.to_string()]);
    assert_eq!(said["target"], PATH, "the target of a request to a server is a path (RFC 9112, 3.2.1)");
}

/// RFC 9112, 6.3: with `Transfer-Encoding`, a length says nothing, and must not be passed on.
#[tokio::test]
async fn an_answer_with_two_lengths_has_one_behind_the_gateway() {
    let answer = answered(
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    )
    .await;
    assert!(answer.contains("transfer-encoding: chunked") && !answer.contains("content-length"), "{answer}");
    assert!(answer.contains("hello"), "{answer}");
}

/// RFC 9112, 6.3: lengths that differ are an error of the upstream.
#[tokio::test]
async fn an_answer_that_contradicts_itself_is_502() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nX-A: 1\r\n folded\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        "no http at all\r\n\r\n",
    ] {
        let said = answered(answer).await;
        assert!(said.starts_with("http/1.1 502"), "{answer}: {said}");
        assert!(said.contains("upstream unreachable") && !said.contains("hello"), "{said}");
    }
}

/// RFC 9112, 8: an answer that broke off must not look whole. What had not been sent may be lost with it.
#[tokio::test]
async fn an_answer_that_breaks_off_is_not_made_whole() {
    let answer = answered("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello").await;
    assert!(answer.is_empty() || answer.contains("content-length: 100"), "{answer}");
    let answer = answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n").await;
    assert!(!answer.ends_with("0\r\n\r\n") && !answer.contains("content-length"), "{answer}");
}

/// RFC 9110, 6.6.1, 7.6.1: a `Date` is added, and what is between two neighbours stays there.
#[tokio::test]
async fn answers_get_a_date_and_lose_what_is_between_neighbours() {
    let answer = answered(
        "HTTP/1.1 200 OK\r\nConnection: close, x-mine\r\nX-Mine: 1\r\nProxy-Authenticate: Basic\r\n\
         X-Yours: 1\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    assert!(answer.contains("\r\ndate: ") && answer.contains("x-yours: 1"), "{answer}");
    assert!(!answer.contains("x-mine") && !answer.contains("proxy-authenticate"), "{answer}");
}

/// RFC 9110, 15.2: an answer of the 100s is not the last one.
#[tokio::test]
async fn the_final_answer_follows_an_early_hint() {
    let answer = answered(
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    )
    .await;
    assert!(answer.contains("http/1.1 200 ok") && answer.ends_with("hello"), "{answer}");
}

/// RFC 9110, 6.4.1: some answers have no body, whatever their headers say.
#[tokio::test]
async fn answers_without_a_body_have_none() {
    let (app, _upstream, bearer) =
        in_front_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", After::KeepOpen).await;
    let (status, answer) =
        raw::request(app.address, &format!("HEAD {PATH}"), &["Host: a", &bearer], "").await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("content-length: 5") && answer.ends_with("\r\n\r\n"), "{answer}");
    for answer in ["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n"] {
        let said = answered(answer).await;
        assert!(said.ends_with("\r\n\r\n") && !said.contains("transfer-encoding"), "{said}");
    }
}

/// RFC 9112, 6.1, 9.3: HTTP/1.0 knows neither chunks nor connections that stay.
#[tokio::test]
async fn an_http_1_0_client_gets_an_answer_that_it_understands() {
    let (app, _upstream, bearer) = in_front_of(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        After::KeepOpen,
    )
    .await;
    let request = format!("GET {PATH} HTTP/1.0\r\nHost: a\r\n{bearer}\r\n\r\n");
    let answer = raw::exchange(app.address, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.0 200") && answer.ends_with("\r\n\r\nhello"), "{answer}");
}

/// RFC 9110, 10.1.1: the gateway asks for the body itself.
#[tokio::test]
async fn a_client_that_waits_for_100_is_told_to_go_on() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await.text;
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\nContent-Length: 2\r\n\
         Expect: 100-continue\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut piece = [0; 256];
    let length = stream.read(&mut piece).await.unwrap();
    let said = String::from_utf8_lossy(&piece[..length]).into_owned();
    assert!(said.starts_with("HTTP/1.1 100 Continue"), "{said}");
    stream.write_all(b"{}").await.unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert!(rest.contains("200 OK"), "{rest}");
    let said = app.upstream.take().remove(0);
    assert_eq!((&said["body"], header(&said, "expect")), (&json!("{}"), vec![]));
}

/// A refusal needs no body: nobody is told to send one.
#[tokio::test]
async fn a_client_that_waits_for_100_is_refused_at_once() {
    let app = TestApp::start().await;
    let headers = ["Host: a", "Content-Length: 1000000", "Expect: 100-continue"];
    let (status, answer) = raw::request(app.address, &format!("POST {PATH}"), &headers, "").await;
    assert_eq!(status, 401, "{answer}");
    assert!(!answer.contains("100 Continue"), "{answer}");
}

/// RFC 9112, 9.3.2: answers come in the order of the requests.
#[tokio::test]
async fn requests_that_are_sent_at_once_are_answered_in_order() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await.text;
    let request = |n: u32, more: &str| {
        format!("GET {PATH}?n={n} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\n{more}\r\n")
    };
    let requests = request(1, "") + &request(2, "") + &request(3, "Connection: close\r\n");
    let answer = raw::exchange(app.address, requests.as_bytes()).await;
    let places: Vec<_> = (1..=3).map(|n| answer.find(&format!("?n={n}"))).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{answer}");
}

/// RFC 9110, 7.6.2 and 9.3.8.
#[tokio::test]
async fn requests_that_look_at_the_way_are_not_forwarded() {
    let app = TestApp::start().await;
    let bearer = format!("Authorization: Bearer {}", app.key(&["*"]).await.text);
    for (line, header) in [("TRACE /api/sessions", "X-A: 1"), ("OPTIONS /api/sessions", "Max-Forwards: 0")] {
        let (status, answer) = raw::request(app.address, line, &["Host: a", &bearer, header], "").await;
        assert_eq!(status, 400, "{answer}");
    }
    assert!(app.upstream.take().is_empty());
}

/// RFC 9112, 9.3.1: an upstream may close a connection between two requests; the next request gets a new one.
#[tokio::test]
async fn a_connection_that_the_upstream_closed_is_not_used_again() {
    let (app, upstream, bearer) =
        in_front_of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", After::Close).await;
    for _ in 0..20 {
        let (status, answer) =
            raw::request(app.address, &format!("GET {PATH}"), &["Host: a", &bearer], "").await;
        assert_eq!(status, 200, "{answer}");
    }
    assert_eq!(upstream.take().len(), 20);
}
