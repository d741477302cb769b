//! Ids: 128-bit UUIDv7 (RFC 9562, 5.7) that print as TypeID (typeid spec 0.3).

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 26 characters of 5 bits hold 130 bits: the first one is at most 7.
const SUFFIX: usize = 26;

/// Of a character that is none of the alphabet.
const NO_VALUE: u8 = 0x80;

/// The five bits of every character.
const VALUES: [u8; 256] = {
    let mut values = [NO_VALUE; 256];
    let (mut at, mut character) = (0, 0);
    while at < values.len() {
        let (mut place, mut value) = (0, 0);
        while place < ALPHABET.len() {
            if ALPHABET[place] == character {
                values[at] = value;
            }
            (place, value) = (place + 1, value + 1);
        }
        (at, character) = (at + 1, character.wrapping_add(1));
    }
    values
};

/// A 128-bit id as it is stored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(u128);

/// A text is not the id that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeIdError;

impl fmt::Display for TypeIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id of this kind")
    }
}

impl core::error::Error for TypeIdError {}

impl Uuid {
    /// A UUIDv7: `unix_ms` (48 bits are kept), version, variant, and 74 of the random bits.
    pub const fn v7(unix_ms: u64, random: [u8; 10]) -> Self {
        let mut bytes = [0; 16];
        let time = unix_ms.to_be_bytes();
        let mut i = 0;
        while i < 6 {
            bytes[i] = time[i + 2];
            i += 1;
        }
        while i < 16 {
            bytes[i] = random[i - 6];
            i += 1;
        }
        bytes[6] = 0x70 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        Self(u128::from_be_bytes(bytes))
    }

    /// From its 128 bits.
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// Its 128 bits.
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// When it was made: milliseconds since 1970, from its first 48 bits.
    pub fn unix_ms(self) -> u64 {
        self.halves().0 >> 16
    }

    /// Its first and its last 64 bits. Of a UUIDv7, the last begin with `10` and are random but for that.
    pub fn halves(self) -> (u64, u64) {
        let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or_default();
        (half(self.0 >> 64), half(self.0))
    }

    /// Prints as TypeID: `prefix`, `_`, 26 characters of lower-case Crockford base32.
    pub fn to_type_id(self, prefix: &str) -> String {
        let mut text = String::with_capacity(prefix.len() + 1 + SUFFIX);
        text.push_str(prefix);
        text.push('_');
        // All of it at once: a character at a time takes four times as long, and gateways print an id a request.
        let mut suffix = [0; SUFFIX];
        for (character, place) in suffix.iter_mut().zip((0..SUFFIX).rev()) {
            let five = (self.0 >> (5 * place)).to_le_bytes()[0] & 31;
            *character = ALPHABET[usize::from(five)];
        }
        text.push_str(core::str::from_utf8(&suffix).unwrap_or_default());
        text
    }

    /// Reads a TypeID with that prefix. Only the canonical spelling is read.
    pub fn from_type_id(prefix: &str, text: &str) -> Result<Self, TypeIdError> {
        let suffix = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or(TypeIdError)?;
        if suffix.len() != SUFFIX || suffix.as_bytes()[0] > b'7' {
            return Err(TypeIdError);
        }
        let values = suffix.bytes().map(|c| VALUES[usize::from(c)]);
        // Together, without a branch for each: a start with a million opaque keys reads two million ids.
        let (bits, all) =
            values.fold((0, 0), |(bits, all), value| (bits << 5 | u128::from(value), all | value));
        if all & NO_VALUE == 0 { Ok(Self(bits)) } else { Err(TypeIdError) }
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uuid({:032x})", self.0)
    }
}

/// A type for each kind of id, so that none is taken for another.
macro_rules! ids {
    ($($(#[$doc:meta])+ $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])+
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            const PREFIX: &'static str = $prefix;

            /// Wraps an id.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The id behind the name.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0.to_type_id(Self::PREFIX))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = TypeIdError;

            fn from_str(text: &str) -> Result<Self, TypeIdError> {
                Uuid::from_type_id(Self::PREFIX, text).map(Self)
            }
        }
    )+};
}

ids! {
    /// The id of a client token: `ct_…`.
    ClientTokenId = "ct";
    /// The id of an invitation: `inv_…`.
    InvitationId = "inv";
    /// The id of one session JWT: `jwt_…`.
    JwtId = "jwt";
    /// The id of an API key: `key_…`.
    KeyId = "key";
    /// The id of a session: `ses_…`.
    SessionId = "ses";
    /// The id of a user: `usr_…`.
    UserId = "usr";
}
