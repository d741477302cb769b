//! A body that decides about the request itself. It is read whole, and what was read is passed on.

use crate::RequestBody;
use bytes::Bytes;
use http::Request;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;
use std::time::Duration;
use titan_core::Error;
use titan_core::error::Code;
use titan_core::policy::{Source, fold};
use titan_core::wire::{BodyTimeout, MAX_BODY, is_json, unreadable};

/// A JSON document (RFC 8259) that every reader reads in the same way: no member occurs twice.
pub(crate) struct Document(Value);

/// Such a body has so long to arrive: the gateway holds all of it, and nothing goes on before its end.
const WHOLE: Duration = Duration::from_secs(30);

/// Reads the body to its end, at most 64 KiB, and puts the same bytes in its place.
pub(crate) async fn take(request: &mut Request<RequestBody>) -> Result<Bytes, Error> {
    let body = std::mem::replace(request.body_mut(), RequestBody::whole(Bytes::new()));
    let read = tokio::time::timeout(WHOLE, Limited::new(body, MAX_BODY).collect()).await;
    let read = read.map_err(|_| Error::from(BodyTimeout))?.map_err(|error| {
        if error.is::<LengthLimitError>() {
            let message = format!("body: must be at most {MAX_BODY} bytes");
            return Error::new(Code::PayloadTooLarge, message);
        }
        unreadable(&*error)
    })?;
    let bytes = read.to_bytes();
    *request.body_mut() = RequestBody::whole(bytes.clone());
    Ok(bytes)
}

impl Document {
    /// Reads a body that was sent with these headers.
    pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Error> {
        let wrong = |message| Err(Error::new(Code::UnsupportedMediaType, message));
        let mut types = headers.get_all(CONTENT_TYPE).iter().map(HeaderValue::as_bytes);
        if !types.next().is_some_and(|value| is_json(value) && is_utf8(value)) || types.next().is_some() {
            return wrong("Content-Type: must be application/json, in UTF-8, and sent only once");
        }
        if headers.contains_key(CONTENT_ENCODING) {
            return wrong("Content-Encoding: must not be sent, because the gateway reads this body");
        }
        Self::parse(body)
    }

    fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let Strict(value) = serde_json::from_slice(bytes)
            .map_err(|error| Error::invalid(format!("body: is no JSON that can be checked: {error}")))?;
        Ok(Self(value))
    }

    /// What is at a place of the body; nothing for a place elsewhere. A member that only differs in case is refused, because some
    /// servers read it all the same.
    pub(crate) fn at(&self, place: &Source) -> Result<Option<&Value>, Error> {
        let Source::Body(pointer) = place else { return Ok(None) };
        let mut value = &self.0;
        for name in pointer.split('/').skip(1) {
            let name = name.replace("~1", "/").replace("~0", "~");
            let Some(next) = member(value, &name)? else { return Ok(None) };
            value = next;
        }
        Ok(Some(value))
    }
}

fn member<'a>(value: &'a Value, name: &str) -> Result<Option<&'a Value>, Error> {
    match value {
        Value::Array(items) => Ok(name.parse().ok().and_then(|index: usize| items.get(index))),
        Value::Object(members) => {
            let folded = fold(name);
            match members.keys().find(|other| *other != name && fold(other) == folded) {
                Some(other) => Err(Error::invalid(format!("body: `{other}` must be written `{name}`"))),
                None => Ok(members.get(name)),
            }
        }
        _ => Ok(None),
    }
}

/// RFC 8259, 8.1: nothing else is JSON, but some servers would read it.
fn is_utf8(content_type: &[u8]) -> bool {
    let parameters = content_type.split(|c| *c == b';').skip(1).map(<[u8]>::trim_ascii);
    let charset =
        |parameter: &[u8]| parameter.get(..8).is_some_and(|name| name.eq_ignore_ascii_case(b"charset="));
    parameters.filter(|parameter| charset(parameter)).all(|parameter| {
        let name = parameter.get(8..).unwrap_or_default();
        [&b"utf-8"[..], b"\"utf-8\""].iter().any(|utf8| name.eq_ignore_ascii_case(utf8))
    })
}

/// Any JSON value. A repeated member is an error: one reader takes the first, another the last.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(all.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, _>()? {
            if all.insert(name, value).is_some() {
                return Err(de::Error::custom("a member occurs twice"));
            }
        }
        Ok(all.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, pointer: &str) -> Result<Option<Value>, String> {
        let document = Document::parse(text.as_bytes()).map_err(|error| error.to_string())?;
        let found = document.at(&Source::Body(pointer.to_owned())).map_err(|error| error.to_string())?;
        Ok(found.cloned())
    }

    #[test]
    fn members_are_found_and_all_values_are_read() {
        let text = r#"{"a":{"b":[null,true,-1,2,1.5,"c"]},"name":"x"}"#;
        assert_eq!(at(text, "/name"), Ok(Some("x".into())));
        assert_eq!(at(text, "/a/b/5"), Ok(Some("c".into())));
        assert_eq!(at(text, "/a/b/4"), Ok(Some(1.5.into())));
        assert_eq!(at(text, "/nothing"), Ok(None));
        assert_eq!(at("7", ""), Ok(Some(7.into())));
    }

    #[test]
    fn a_repeated_member_is_refused_at_any_depth_and_in_any_spelling() {
        for text in [
            r#"{"name":"a","name":"b"}"#,
            r#"{"name":"a","x":1,"name":"a"}"#,
            r#"{"name":"a","n\u0061me":"b"}"#,
            r#"[{"x":{"y":1,"y":2}}]"#,
        ] {
            assert!(at(text, "/name").unwrap_err().contains("occurs twice"), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in
            ["", "{", "{\"a\":1}x", "{\"a\":1}{}", "\u{feff}{}", "{'a':1}", "{\"a\":NaN}", "\"\\ud800\""]
        {
            assert!(at(text, "").is_err(), "{text}");
        }
        assert!(Document::parse(b"{\"a\":\"\xff\"}").is_err());
        assert!(Document::parse("[".repeat(100_000).as_bytes()).is_err(), "no overflow of the stack");
    }

    #[test]
    fn a_member_that_another_server_may_take_for_it_is_refused() {
        for text in [r#"{"Name":"a"}"#, r#"{"name":"a","NAME":"b"}"#, "{\"x\":1,\"\u{17f}tart\":true}"] {
            let pointer = if text.contains("tart") { "/start" } else { "/name" };
            assert!(at(text, pointer).unwrap_err().contains("must be written"), "{text}");
        }
        assert_eq!(at(r#"{"a/b":{"~":1},"Other":2,"x":[7]}"#, "/a~1b/~0"), Ok(Some(1.into())));
        assert_eq!(at(r#"{"x":[7]}"#, "/x/0"), Ok(Some(7.into())));
    }

    #[test]
    fn another_charset_is_refused() {
        let reads = |kind: &str| {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_str(kind).unwrap())]);
            Document::read(&headers, b"{}").is_ok()
        };
        assert!(reads("application/json") && reads("application/json; Charset=\"UTF-8\"; a=b"));
        assert!(!reads("application/json;charset=utf-7") && !reads("application/json; x=y;charset=utf-16"));
        assert!(!reads("text/plain"));
    }
}
