//! The id of a key, which this surface writes as a UUID (RFC 9562, 4).

use crate::error::ApiError;
use axum::extract::FromRequestParts;
use http::request::Parts;
use titan_core::Error;
use titan_token::{KeyId, Uuid};

/// Where the hyphens are.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// An id in a path.
pub(super) struct UuidId(pub(super) KeyId);

impl<S: Send + Sync> FromRequestParts<S> for UuidId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        let id = path.ok().and_then(|axum::extract::Path(text)| parse(&text));
        id.map(Self).ok_or_else(|| Error::invalid("Invalid API key ID").into())
    }
}

/// The text of an id.
pub(super) fn print(id: KeyId) -> String {
    let mut text = format!("{:032x}", id.uuid().bits());
    for place in HYPHENS {
        text.insert(place, '-');
    }
    text
}

fn parse(text: &str) -> Option<KeyId> {
    let is_shaped = text.len() == 36 && HYPHENS.iter().all(|place| text.as_bytes()[*place] == b'-');
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let is_hex = digits.len() == 32 && digits.bytes().all(|c| c.is_ascii_hexdigit());
    let bits = (is_shaped && is_hex).then(|| u128::from_str_radix(&digits, 16))?;
    bits.ok().map(|bits| KeyId::new(Uuid::from_bits(bits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written_and_nothing_else_is() {
        let id = KeyId::new(Uuid::from_bits(0x0192_0a0b_0c0d_7e0f_8011_1213_1415_1617));
        let text = print(id);
        assert_eq!(text, "01920a0b-0c0d-7e0f-8011-121314151617");
        assert_eq!(parse(&text), Some(id));
        assert_eq!(parse(&text.to_uppercase()), Some(id));
        for bad in ["", "x", &text[1..], &format!("{text}0"), &text.replace('-', ""), &text.replace('0', "+")]
        {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
