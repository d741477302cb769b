//! The request that Envoy asks about, from its message.

use super::super::original::Original;
use super::Fault;
use super::grpc::{self, Failure};
use super::proto::{CheckRequest, HeaderValue as Field};
use crate::body_error::BodyError;
use crate::gateway::is_bearer;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use prost::Message;
use titan_core::Error;

/// A request, but for its body.
#[derive(Debug)]
pub struct Question {
    method: Bytes,
    /// With the query.
    path: Bytes,
    headers: HeaderMap,
    /// How long the message was.
    pub(super) bytes: u64,
}

impl Question {
    /// Reads the call of a proxy.
    pub async fn read<B>(request: Request<B>) -> Result<Self, Fault>
    where
        B: http_body::Body + Send,
        B::Data: Send,
        B::Error: Into<BodyError>,
    {
        Self::parse(grpc::read(request).await?)
    }

    fn parse(message: Bytes) -> Result<Self, Fault> {
        let bytes = u64::try_from(message.len()).unwrap_or_default();
        let invalid = |text| Fault::Failed(Failure::invalid(text));
        let request = CheckRequest::decode(message).map_err(|_| invalid("body: must be a CheckRequest"))?;
        let http = request.attributes.and_then(|attributes| attributes.request?.http);
        let http = http.ok_or_else(|| invalid("attributes.request.http: must be there"))?;
        // A map that is made for too many ends the program.
        let mut headers = HeaderMap::new();
        let raw = http.header_map.into_iter().flat_map(|map| map.headers);
        for Field { key, value, raw_value } in http.headers.into_iter().chain(raw) {
            let value = if raw_value.is_empty() { value } else { raw_value };
            add_apart(&mut headers, &key, value).map_err(Fault::Refused)?;
        }
        Ok(Self { method: http.method, path: http.path, headers, bytes })
    }

    /// The headers of the request.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// What is decided about.
    pub(super) fn original(&self) -> Result<Original<'_>, Error> {
        let method = Method::from_bytes(&self.method).map_err(|_| Error::invalid("method: is none"))?;
        let target = str::from_utf8(&self.path).map_err(|_| Error::invalid("path: must be UTF-8"))?;
        if target.contains('#') {
            return Err(Error::invalid("path: must not contain a fragment"));
        }
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        Ok(Original { method, path, query })
    }
}

/// Envoy joins the values of one name by commas: those of `Authorization` always, others without `encode_raw_headers`. Credentials
/// are taken apart again: two of them are not one.
fn add_apart(headers: &mut HeaderMap, key: &Bytes, value: Bytes) -> Result<(), Error> {
    let parts = || value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let is_joined = match key.to_ascii_lowercase().as_slice() {
        b"x-api-key" => true,
        // Other schemes have commas of their own.
        b"authorization" => parts().any(is_bearer),
        _ => false,
    };
    if !is_joined {
        return add(headers, key, value);
    }
    // More than two say no more than two.
    parts().take(2).try_for_each(|part| add(headers, key, value.slice_ref(part)))
}

fn add(headers: &mut HeaderMap, key: &Bytes, value: Bytes) -> Result<(), Error> {
    // `:path` and its like.
    if key.starts_with(b":") {
        return Ok(());
    }
    let wrong = || Error::invalid("headers: one of them is none");
    let name = HeaderName::from_bytes(key).map_err(|_| wrong())?;
    let value = HeaderValue::from_maybe_shared(value).map_err(|_| wrong())?;
    headers.try_append(name, value).map_err(|_| wrong())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::proto::{AttributeContext, HeaderMap as Fields, HttpRequest, Request};
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn parse(headers: Vec<Field>, header_map: Option<Fields>) -> Result<Question, Fault> {
        let http = HttpRequest { headers, header_map, ..HttpRequest::default() };
        let attributes = Some(AttributeContext { request: Some(Request { http: Some(http) }) });
        Question::parse(CheckRequest { attributes }.encode_to_vec().into())
    }

    fn field(key: &str, value: &str, raw: &str) -> Field {
        let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
        Field { key: bytes(key), value: bytes(value), raw_value: bytes(raw) }
    }

    fn found(question: Result<Question, Fault>, name: &str) -> Vec<String> {
        let Ok(question) = question else { panic!("a question") };
        let values = question.headers.get_all(name).iter();
        values.map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn joined_credentials_are_taken_apart_and_other_headers_are_not() {
        for (name, value, values) in [
            ("authorization", "Bearer a,Bearer b", &["Bearer a", "Bearer b"][..]),
            ("authorization", "Basic a, bearer b", &["Basic a", "bearer b"]),
            ("authorization", "Bearer a,b,c,d", &["Bearer a", "b"]),
            ("authorization", "Digest a=\"b\", c=d", &["Digest a=\"b\", c=d"]),
            ("x-api-key", "a,a", &["a", "a"]),
            ("x-api-key", "a", &["a"]),
            ("cookie", "a,b", &["a,b"]),
        ] {
            assert_eq!(found(parse(vec![field(name, value, "")], None), name), values, "{value}");
        }
        let raw = Fields { headers: vec![field("X-Api-Key", "", "a,b"), field("cookie", "", "a,b")] };
        assert_eq!(found(parse(vec![], Some(raw)), "x-api-key"), ["a", "b"]);
    }

    #[test]
    fn more_headers_than_a_map_takes_are_refused() {
        let headers = (0..40_000).map(|number| field(&format!("a{number}"), "", "")).collect();
        assert!(matches!(parse(headers, None), Err(Fault::Refused(_))));
        // Each takes two bytes of a message.
        assert!(matches!(parse(vec![Field::default(); 60_000], None), Err(Fault::Refused(_))));
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes in vec(any::<u8>(), 0..300)) {
            let _ = Question::parse(bytes.into());
        }
    }
}
