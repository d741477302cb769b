//! The messages of `envoy.service.auth.v3`, as far as Titan reads and writes them.
//!
//! Names and numbers of fields are those of the published files (`envoy/service/auth/v3/external_auth.proto`,
//! `attribute_context.proto`, `envoy/config/core/v3/base.proto`, `google/rpc/status.proto`). Protobuf skips fields that a reader
//! does not name. They are written here because all types of Envoy's interface (the crate `envoy-types`) compile for 42 seconds;
//! the test compares the bytes with those of that crate.
//!
//! Texts that a client sends are bytes here: Protobuf refuses a whole message for a text that is not UTF-8, and a proxy may let a
//! request pass about which it could not ask.

use bytes::Bytes;
use prost::{Message, Oneof};

/// What Envoy asks.
#[derive(Clone, PartialEq, Message)]
pub struct CheckRequest {
    /// About the request and its connection.
    #[prost(message, optional, tag = "1")]
    pub attributes: Option<AttributeContext>,
}

/// About a request and its connection.
#[derive(Clone, PartialEq, Message)]
pub struct AttributeContext {
    /// The request.
    #[prost(message, optional, tag = "4")]
    pub request: Option<Request>,
}

/// A request of any protocol.
#[derive(Clone, PartialEq, Message)]
pub struct Request {
    /// One of HTTP.
    #[prost(message, optional, tag = "2")]
    pub http: Option<HttpRequest>,
}

/// A request of HTTP.
#[derive(Clone, PartialEq, Message)]
pub struct HttpRequest {
    /// As it came.
    #[prost(bytes = "bytes", tag = "2")]
    pub method: Bytes,
    /// A map in the published file, which has this form on the wire. A map would hide a name that is there twice.
    #[prost(message, repeated, tag = "3")]
    pub headers: Vec<HeaderValue>,
    /// With the query.
    #[prost(bytes = "bytes", tag = "4")]
    pub path: Bytes,
    /// In place of `headers`, with `encode_raw_headers`.
    #[prost(message, optional, tag = "13")]
    pub header_map: Option<HeaderMap>,
}

/// The headers, one by one.
#[derive(Clone, PartialEq, Message)]
pub struct HeaderMap {
    /// As they came.
    #[prost(message, repeated, tag = "1")]
    pub headers: Vec<HeaderValue>,
}

/// A header; also an entry of a map of texts.
#[derive(Clone, PartialEq, Message)]
pub struct HeaderValue {
    /// Its name.
    #[prost(bytes = "bytes", tag = "1")]
    pub key: Bytes,
    /// Its value.
    #[prost(bytes = "bytes", tag = "2")]
    pub value: Bytes,
    /// Its value in a [`HeaderMap`].
    #[prost(bytes = "bytes", tag = "3")]
    pub raw_value: Bytes,
}

/// What Envoy is answered.
#[derive(Clone, PartialEq, Message)]
pub struct CheckResponse {
    /// Yes is 0, and so is none: a refusal must have one.
    #[prost(message, optional, tag = "1")]
    pub status: Option<Status>,
    /// What Envoy does then.
    #[prost(oneof = "HttpResponse", tags = "2, 3")]
    pub http_response: Option<HttpResponse>,
}

/// `google.rpc.Status`
#[derive(Clone, PartialEq, Message)]
pub struct Status {
    /// `google.rpc.Code`
    #[prost(int32, tag = "1")]
    pub code: i32,
}

/// What Envoy does.
#[derive(Clone, PartialEq, Oneof)]
pub enum HttpResponse {
    /// It answers the client itself.
    #[prost(message, tag = "2")]
    DeniedResponse(DeniedHttpResponse),
    /// It forwards the request.
    #[prost(message, tag = "3")]
    OkResponse(OkHttpResponse),
}

/// The answer to the client.
#[derive(Clone, PartialEq, Message)]
pub struct DeniedHttpResponse {
    /// Its status.
    #[prost(message, optional, tag = "1")]
    pub status: Option<HttpStatus>,
    /// Its headers.
    #[prost(message, repeated, tag = "2")]
    pub headers: Vec<HeaderValueOption>,
    /// Its body.
    #[prost(bytes = "bytes", tag = "3")]
    pub body: Bytes,
}

/// `envoy.type.v3.HttpStatus`
#[derive(Clone, PartialEq, Message)]
pub struct HttpStatus {
    /// As a number.
    #[prost(int32, tag = "1")]
    pub code: i32,
}

/// What changes before the request is forwarded, and in its answer.
#[derive(Clone, PartialEq, Message)]
pub struct OkHttpResponse {
    /// Headers of the request.
    #[prost(message, repeated, tag = "2")]
    pub headers: Vec<HeaderValueOption>,
    /// Headers that the request loses. Envoy removes them after it has set the others.
    #[prost(string, repeated, tag = "5")]
    pub headers_to_remove: Vec<String>,
    /// Headers of the answer.
    #[prost(message, repeated, tag = "6")]
    pub response_headers_to_add: Vec<HeaderValueOption>,
}

/// A header, and what Envoy does if there is one of its name.
#[derive(Clone, PartialEq, Message)]
pub struct HeaderValueOption {
    /// The header.
    #[prost(message, optional, tag = "1")]
    pub header: Option<HeaderValue>,
    /// See [`OVERWRITE_IF_EXISTS_OR_ADD`].
    #[prost(int32, tag = "3")]
    pub append_action: i32,
    /// Without it, some versions of Envoy leave the client's header in place of an empty one of ours.
    #[prost(bool, tag = "4")]
    pub keep_empty_value: bool,
}

/// `HeaderAppendAction`: the header replaces all of its name.
pub const OVERWRITE_IF_EXISTS_OR_ADD: i32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    /// A `CheckRequest` with every field, by `envoy-types` 0.7.7.
    const REQUEST: &str = "0adf010a2c0a100a0e12093139322e302e322e3118bb031201731a060a016c120176220a7370696666653a2f2f702a01\
        63122c0a100a0e12093139322e302e322e3218bb031201731a060a016c120176220a7370696666653a2f2f702a0163226e0a04080110\
        0212660a0269641204504f53541a190a0d617574686f72697a6174696f6e1208426561726572206b22062f613f623d632a0168320568\
        747470733a017142016648ffffffffffffffffff015206485454502f325a0162620201026a0d0a0b0a05782d7261771a02ff6152060a\
        01651201785a0062050a03736e696a00";
    /// A yes, and a no, by the same.
    const YES: &str = "0a001a5212190a130a0e782d746974616e2d74656e616e741201311802200112170a110a0f782d746974616e2d737562\
        6a656374180220012a09782d6170692d6b657932110a0b0a0673756e73657412017318022001";
    const NO: &str = "0a02081012310a0308910312260a200a0c636f6e74656e742d7479706512106170706c69636174696f6e2f6a736f6e1802\
        20011a027b7d";

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<_> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
        digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap()).collect()
    }

    fn option(key: &'static str, value: &'static str) -> HeaderValueOption {
        let header = HeaderValue { key: key.into(), value: value.into(), raw_value: Bytes::new() };
        HeaderValueOption {
            header: Some(header),
            append_action: OVERWRITE_IF_EXISTS_OR_ADD,
            keep_empty_value: true,
        }
    }

    #[test]
    fn a_question_is_read_as_envoy_publishes_it() {
        let request = CheckRequest::decode(bytes(REQUEST).as_slice()).unwrap();
        let http = request.attributes.unwrap().request.unwrap().http.unwrap();
        assert_eq!((http.method.as_ref(), http.path.as_ref()), (&b"POST"[..], &b"/a?b=c"[..]));
        let header = |key: &'static str, value: &'static str, raw: &'static [u8]| {
            vec![HeaderValue { key: key.into(), value: value.into(), raw_value: raw.into() }]
        };
        assert_eq!(http.headers, header("authorization", "Bearer k", b""));
        assert_eq!(http.header_map.unwrap().headers, header("x-raw", "", b"\xffa"));
    }

    #[test]
    fn an_answer_is_written_as_envoy_publishes_it() {
        let yes = OkHttpResponse {
            headers: vec![option("x-titan-tenant", "1"), option("x-titan-subject", "")],
            headers_to_remove: vec!["x-api-key".to_owned()],
            response_headers_to_add: vec![option("sunset", "s")],
        };
        let no = DeniedHttpResponse {
            status: Some(HttpStatus { code: 401 }),
            headers: vec![option("content-type", "application/json")],
            body: "{}".into(),
        };
        for (code, http_response, published) in
            [(0, HttpResponse::OkResponse(yes), YES), (16, HttpResponse::DeniedResponse(no), NO)]
        {
            let answer = CheckResponse { status: Some(Status { code }), http_response: Some(http_response) };
            assert_eq!(answer.encode_to_vec(), bytes(published));
        }
    }
}
