//! Cursors: a place in a list as an opaque text. A cursor is valid only for its own sort and order.

use base64_simd::{Out, URL_SAFE_NO_PAD};
use titan_core::Error;
use titan_core::key::{Order, Position, Sort};
use titan_token::{KeyId, Uuid};

/// One byte for sort and order, 8 for the value, 16 for the id of the key.
const LENGTH: usize = 25;

/// The text of a cursor.
pub(crate) fn print(sort: Sort, order: Order, at: Position) -> String {
    let mut bytes = Vec::with_capacity(LENGTH);
    bytes.push(mark(sort, order));
    bytes.extend(at.value.to_be_bytes());
    bytes.extend(at.id.uuid().bits().to_be_bytes());
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// Reads a text that [`print`] returned for the same sort and order, and no other text.
pub(crate) fn parse(text: &str, sort: Sort, order: Order) -> Result<Position, Error> {
    let (found, position) =
        read(text).ok_or_else(|| Error::invalid("cursor: must be the nextCursor of an answer"))?;
    if found != mark(sort, order) {
        return Err(Error::invalid("cursor: belongs to another sort or order than this request"));
    }
    Ok(position)
}

fn read(text: &str) -> Option<(u8, Position)> {
    let mut bytes = [0; LENGTH];
    if text.len() != URL_SAFE_NO_PAD.encoded_length(LENGTH) {
        return None;
    }
    URL_SAFE_NO_PAD.decode(text.as_bytes(), Out::from_slice(&mut bytes)).ok()?;
    let (mark, rest) = bytes.split_first()?;
    let (value, id) = rest.split_first_chunk()?;
    let id = u128::from_be_bytes(id.try_into().ok()?);
    Some((*mark, Position { value: i64::from_be_bytes(*value), id: KeyId::new(Uuid::from_bits(id)) }))
}

/// The byte for a sort and an order.
const fn mark(sort: Sort, order: Order) -> u8 {
    let sort = match sort {
        Sort::Created => 1,
        Sort::Expires => 2,
        Sort::LastUsed => 3,
    };
    match order {
        Order::Ascending => sort,
        Order::Descending => sort | 0x80,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Position = Position { value: -1, id: KeyId::new(Uuid::from_bits(u128::MAX - 7)) };

    #[test]
    fn a_cursor_is_good_for_its_own_order_alone() {
        for sort in Sort::ALL {
            for order in Order::ALL {
                let text = print(sort, order, AT);
                assert_eq!(parse(&text, sort, order).unwrap(), AT);
                let good = Sort::ALL.into_iter().flat_map(|sort| Order::ALL.map(|order| (sort, order)));
                assert_eq!(good.filter(|(sort, order)| parse(&text, *sort, *order).is_ok()).count(), 1);
            }
        }
    }

    #[test]
    fn other_texts_are_no_cursors() {
        let text = print(Sort::Created, Order::Ascending, AT);
        let last_bit = format!("{}5", &text[..text.len() - 1]);
        let texts = [
            "",
            "x",
            &text[1..],
            &format!("{text}A"),
            &format!("{text}="),
            &text.replace('_', "/"),
            &last_bit,
        ];
        for text in texts {
            assert!(parse(text, Sort::Created, Order::Ascending).is_err(), "{text}");
        }
    }
}
