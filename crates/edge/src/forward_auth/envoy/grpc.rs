//! One message to Titan and one back: gRPC over HTTP/2, as far as a unary call without compression needs it
//! (`doc/PROTOCOL-HTTP2.md` of gRPC).

use super::Fault;
use crate::Body;
use crate::body_error::BodyError;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use prost::Message;
use titan_core::Error;
use titan_core::error::Code;
use titan_core::wire::unreadable;

/// Envoy accepts requests with 60 KiB of headers, and Titan with 64. The path is among the headers and beside them, so a question
/// may be twice as large.
const MOST_BYTES: usize = 128 * 1024;
/// Whether the message is compressed, and its length.
const PREFIX: usize = 5;

const CONTENT: &str = "application/grpc";
const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const OK: HeaderValue = HeaderValue::from_static("0");
/// `INVALID_ARGUMENT`
const INVALID: HeaderValue = HeaderValue::from_static("3");
/// `UNIMPLEMENTED`
const UNIMPLEMENTED: HeaderValue = HeaderValue::from_static("12");

/// A call that has no answer of its method: its status, and why.
pub struct Failure(HeaderValue, &'static str);

impl Failure {
    /// The caller must ask in another way.
    pub(super) fn invalid(text: &'static str) -> Self {
        Self(INVALID, text)
    }

    /// Only headers, as there is no message.
    pub(super) fn response(self) -> Response<Body> {
        let mut response = answer(Body::empty());
        response.headers_mut().insert(STATUS, self.0);
        response.headers_mut().insert(MESSAGE, HeaderValue::from_static(self.1));
        response
    }
}

/// The message of a call.
pub(super) async fn read<B>(request: Request<B>) -> Result<Bytes, Fault>
where
    B: http_body::Body + Send,
    B::Data: Send,
    B::Error: Into<BodyError>,
{
    check(&request).map_err(Fault::Http)?;
    let body = Limited::new(request.into_body(), MOST_BYTES).collect().await;
    message(body.map_err(|error| Fault::Refused(refused(&*error)))?.to_bytes()).map_err(Fault::Failed)
}

fn check<B>(request: &Request<B>) -> Result<(), Error> {
    if request.method() != Method::POST {
        return Err(Error::new(Code::MethodNotAllowed, "method not allowed"));
    }
    let content = request.headers().get(CONTENT_TYPE);
    if !content.is_some_and(|value| value.as_bytes().starts_with(CONTENT.as_bytes())) {
        return Err(Error::new(Code::UnsupportedMediaType, "Content-Type: must be application/grpc"));
    }
    // Its answer ends with trailers, which most clients of HTTP/1.1 do not show.
    if request.version() != Version::HTTP_2 {
        return Err(Error::invalid("version of HTTP: must be HTTP/2 for gRPC"));
    }
    Ok(())
}

/// A client can make its headers long, so this is a refusal of its request.
fn refused(error: &(dyn std::error::Error + 'static)) -> Error {
    if error.is::<LengthLimitError>() {
        Error::new(Code::PayloadTooLarge, "request: its headers are too long")
    } else {
        unreadable(error)
    }
}

fn message(mut body: Bytes) -> Result<Bytes, Failure> {
    if body.len() < PREFIX {
        return Err(Failure::invalid("body: must have a message"));
    }
    let (is_compressed, length) = (body.get_u8() != 0, body.get_u32());
    if is_compressed {
        return Err(Failure(UNIMPLEMENTED, "body: must not be compressed"));
    }
    if usize::try_from(length) != Ok(body.len()) {
        return Err(Failure::invalid("body: must be one whole message"));
    }
    Ok(body)
}

/// The answer of a call.
pub(super) fn reply(message: &impl Message) -> Response<Body> {
    let length = message.encoded_len();
    let mut bytes = BytesMut::with_capacity(PREFIX + length);
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(length).unwrap_or_default());
    // There is room for it, and nothing else can fail.
    let _ = message.encode(&mut bytes);
    let trailers = HeaderMap::from_iter([(STATUS, OK)]);
    let body = Full::new(bytes.freeze()).with_trailers(async { Some(Ok(trailers)) });
    answer(Body::Router(axum::body::Body::new(body)))
}

fn answer(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(CONTENT));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(body: &'static [u8]) -> Result<Bytes, HeaderValue> {
        message(Bytes::from_static(body)).map_err(|Failure(status, _)| status)
    }

    #[test]
    fn a_body_is_one_whole_message() {
        assert_eq!(status(b"\0\0\0\0\x02ab"), Ok("ab".into()));
        assert_eq!(status(b"\0\0\0\0\0"), Ok(Bytes::new()));
        for body in [&b""[..], b"\0\0\0\0", b"\0\0\0\0\x03ab", b"\0\0\0\0\x01ab", b"\0\xff\xff\xff\xffab"] {
            assert_eq!(status(body), Err(INVALID), "{body:?}");
        }
        assert_eq!(status(b"\x01\0\0\0\x02ab"), Err(UNIMPLEMENTED));
    }
}
