//! Ids as TypeID.

use titan_token::{InvitationId, JwtId, KeyId, SessionId, UserId, Uuid};

/// The types of docs/token-format.md, and one that is the beginning of another.
const TYPES: [&str; 7] = ["evt", "inv", "jwt", "ke", "key", "ses", "usr"];

/// Any text: only the canonical spelling of an id reads. Any two values: they print, read and sort.
pub fn type_id(data: &[u8]) {
    if let Ok(text) = str::from_utf8(data) {
        read(text);
    }
    let (values, _) = data.as_chunks::<16>();
    if let [a, b, ..] = values {
        print(u128::from_be_bytes(*a), u128::from_be_bytes(*b));
    }
}

fn read(text: &str) {
    for kind in TYPES {
        if let Ok(id) = Uuid::from_type_id(kind, text) {
            assert_eq!(id.to_type_id(kind), text);
        }
    }
    let of_type = |kind| Uuid::from_type_id(kind, text).ok();
    assert_eq!(text.parse().ok().map(InvitationId::uuid), of_type("inv"));
    assert_eq!(text.parse().ok().map(JwtId::uuid), of_type("jwt"));
    assert_eq!(text.parse().ok().map(KeyId::uuid), of_type("key"));
    assert_eq!(text.parse().ok().map(SessionId::uuid), of_type("ses"));
    assert_eq!(text.parse().ok().map(UserId::uuid), of_type("usr"));
}

fn print(a: u128, b: u128) {
    let (x, y) = (Uuid::from_bits(a), Uuid::from_bits(b));
    for kind in TYPES {
        let texts = (x.to_type_id(kind), y.to_type_id(kind));
        assert_eq!(Uuid::from_type_id(kind, &texts.0), Ok(x));
        assert_eq!(texts.0.cmp(&texts.1), a.cmp(&b), "texts sort as their values");
        assert_eq!(KeyId::new(x).to_string() == texts.0, kind == "key");
    }
}
