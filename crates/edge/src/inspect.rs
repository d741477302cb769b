//! A body that decides about the request itself. It is read whole, and what was read is passed on.

use crate::RequestBody;
use bytes::Bytes;
use http::Request;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;
use titan_core::Error;
use titan_core::error::Code;
use titan_core::policy::Source;
use titan_core::wire::{MAX_BODY, is_json, unreadable};

/// A JSON document (RFC 8259) that every reader reads in the same way: no member occurs twice.
pub(crate) struct Document(Value);

impl Document {
    /// Reads the body to its end, at most 64 KiB, and puts the same bytes in its place.
    pub(crate) async fn take(request: &mut Request<RequestBody>) -> Result<Self, Error> {
        let headers = request.headers();
        if !headers.get(CONTENT_TYPE).is_some_and(|value| is_json(value.as_bytes())) {
            let message = "Content-Type: must be application/json";
            return Err(Error::new(Code::UnsupportedMediaType, message));
        }
        if headers.contains_key(CONTENT_ENCODING) {
            let message = "Content-Encoding: must not be sent, because the gateway reads this body";
            return Err(Error::new(Code::UnsupportedMediaType, message));
        }
        let body = std::mem::replace(request.body_mut(), RequestBody::whole(Bytes::new()));
        let read = Limited::new(body, MAX_BODY).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                let message = format!("body: must be at most {MAX_BODY} bytes");
                return Error::new(Code::PayloadTooLarge, message);
            }
            unreadable(&*error)
        })?;
        let bytes = read.to_bytes();
        let document = Self::parse(&bytes)?;
        *request.body_mut() = RequestBody::whole(bytes);
        Ok(document)
    }

    fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let Strict(value) = serde_json::from_slice(bytes)
            .map_err(|error| Error::invalid(format!("body: is no JSON that can be checked: {error}")))?;
        Ok(Self(value))
    }

    /// What is at a place of the body; nothing for a place elsewhere.
    pub(crate) fn at(&self, place: &Source) -> Option<&Value> {
        match place {
            Source::Body(pointer) => self.0.pointer(pointer),
            Source::Path(_) => None,
        }
    }
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
        Ok(document.at(&Source::Body(pointer.to_owned())).cloned())
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
}
