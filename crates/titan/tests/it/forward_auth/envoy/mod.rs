//! Envoy's questions over gRPC. The client is tonic's: what it reads and writes is gRPC as others understand it.

mod abuse;
mod answers;

use axum::body::Bytes;
use http::uri::PathAndQuery;
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use titan_edge::envoy::CHECK;
use titan_edge::envoy::proto::{
    self, AttributeContext, CheckRequest, CheckResponse, HeaderMap, HeaderValue, HeaderValueOption,
    HttpRequest, HttpResponse, OVERWRITE_IF_EXISTS_OR_ADD, Status,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tonic::client::Grpc;
use tonic_prost::ProstCodec;
use tower::Service;

/// A connection to Titan.
#[derive(Clone)]
pub(crate) struct Envoy {
    connection: Connection,
}

#[derive(Clone)]
struct Connection(SendRequest<tonic::body::Body>);

/// What Envoy does with a request.
#[derive(Debug, PartialEq)]
pub(crate) struct Reply {
    /// 200: it forwards the request.
    pub(crate) status: u16,
    /// Headers that replace those of the request; of a refusal, those of the answer.
    pub(crate) headers: BTreeMap<String, String>,
    /// Headers that the request loses.
    pub(crate) removed: Vec<String>,
    /// Headers of the answer to a request that was forwarded.
    pub(crate) noted: BTreeMap<String, String>,
    /// The body of a refusal.
    pub(crate) body: String,
}

impl Service<Request<tonic::body::Body>> for Connection {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}

impl Envoy {
    /// HTTP/2 without TLS, and without asking first.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap()).await
    }

    pub(crate) async fn over(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        let (client, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self { connection: Connection(client) }
    }

    pub(crate) async fn call(&self, request: CheckRequest) -> Result<CheckResponse, tonic::Status> {
        let origin = Uri::from_static("http://titan");
        let mut grpc = Grpc::with_origin(self.connection.clone(), origin);
        grpc.ready().await.unwrap();
        let codec = ProstCodec::<CheckRequest, CheckResponse>::default();
        let answer = grpc.unary(tonic::Request::new(request), PathAndQuery::from_static(CHECK), codec).await;
        answer.map(tonic::Response::into_inner)
    }

    /// A request of HTTP with any body, and all of its answer.
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        use http_body_util::BodyExt;
        let request = request.map(|body| tonic::body::Body::new(http_body_util::Full::new(body)));
        let (head, body) = self.connection.clone().call(request).await.unwrap().into_parts();
        Response::from_parts(head, body.collect().await.unwrap().to_bytes())
    }

    /// Asks about a request.
    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
        Reply::of(self.call(question(method, path, headers)).await.unwrap())
    }

    /// Asks about a request with a key.
    pub(crate) async fn ask_with(&self, key: &str, method: &str, path: &str) -> Reply {
        self.ask(method, path, &[("authorization", &format!("Bearer {key}"))]).await
    }
}

fn field(name: &str, value: &str) -> HeaderValue {
    HeaderValue { key: name.to_owned().into(), value: value.to_owned().into(), raw_value: Bytes::new() }
}

/// About a request of HTTP.
fn about(http: HttpRequest) -> CheckRequest {
    let request = Some(proto::Request { http: Some(http) });
    CheckRequest { attributes: Some(AttributeContext { request }) }
}

/// As Envoy asks: names in lower case, the pseudo-headers among them.
fn question(method: &str, path: &str, headers: &[(&str, &str)]) -> CheckRequest {
    let pseudo = [(":authority", "api"), (":method", method), (":path", path)];
    let headers = pseudo.iter().chain(headers).map(|(name, value)| field(name, value)).collect();
    let (method, path) = (method.to_owned().into(), path.to_owned().into());
    about(HttpRequest { method, headers, path, header_map: None })
}

/// The same with `encode_raw_headers`.
fn raw_question(method: &str, path: &str, headers: &[(&str, &[u8])]) -> CheckRequest {
    let headers = headers.iter().map(|(name, value)| HeaderValue {
        key: (*name).to_owned().into(),
        value: Bytes::new(),
        raw_value: value.to_vec().into(),
    });
    let header_map = Some(HeaderMap { headers: headers.collect() });
    let (method, path) = (method.to_owned().into(), path.to_owned().into());
    about(HttpRequest { method, headers: Vec::new(), path, header_map })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Each replaces all of its name, also with an empty value.
fn pairs(options: Vec<HeaderValueOption>) -> BTreeMap<String, String> {
    let pair = |option: HeaderValueOption| {
        assert_eq!((option.append_action, option.keep_empty_value), (OVERWRITE_IF_EXISTS_OR_ADD, true));
        let header = option.header.unwrap();
        (text(&header.key), text(&header.value))
    };
    options.into_iter().map(pair).collect()
}

impl Reply {
    /// Envoy goes by the status of the message alone.
    fn of(answer: CheckResponse) -> Self {
        let Some(Status { code }) = answer.status else { panic!("no status is a yes") };
        match answer.http_response.unwrap() {
            HttpResponse::OkResponse(yes) => {
                assert_eq!(code, 0);
                let (headers, noted) = (pairs(yes.headers), pairs(yes.response_headers_to_add));
                Self { status: 200, headers, removed: yes.headers_to_remove, noted, body: String::new() }
            }
            HttpResponse::DeniedResponse(no) => {
                assert_ne!(code, 0, "a refusal with 0 is a yes");
                let status = u16::try_from(no.status.unwrap().code).unwrap();
                let (headers, body) = (pairs(no.headers), text(&no.body));
                Self { status, headers, removed: Vec::new(), noted: BTreeMap::new(), body }
            }
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Asserts an error: its status and its text.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, text: &str) -> Self {
        let reply = self.expect(status);
        let body: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(body["error"], text, "{reply:?}");
        reply
    }
}
