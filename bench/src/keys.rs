//! Keys, made from numbers: the same ones in every run.

use std::fmt::Write;
use titan_token::{
    Claims, KeyId, Prefix, ScopeBit, ScopeSet, SigningKey, SigningSecret, Slot, TenantId, Uuid,
};

/// The first key was issued then: 2026.
const ISSUED_MS: u64 = 1_767_225_600_000;
/// They expire in 2090, so that none does while it is measured.
pub const EXPIRES: u32 = 3_786_912_000;
/// The slot that signs.
pub const SLOT: Slot = match Slot::new(0) {
    Some(slot) => slot,
    None => unreachable!(),
};
/// What each key may do: bits 0 and 2.
pub const GRANTED: ScopeSet = ScopeSet::from_bits(0b101);
/// What each is asked for: bit 2.
pub const NEEDED: ScopeBit = match ScopeBit::new(2) {
    Some(bit) => bit,
    None => unreachable!(),
};
/// Whose they are.
pub const TENANT: TenantId = TenantId(1);

/// Different texts of one length, in one piece of memory: as a request's header, the next one is at hand.
pub struct Pile {
    text: String,
    width: usize,
    mask: usize,
}

impl Pile {
    /// 2^`power` texts.
    pub fn new(power: u32, mut make: impl FnMut(usize) -> String) -> Self {
        let count = 1usize << power;
        let width = make(0).len();
        let mut text = String::with_capacity(count * width);
        for number in 0..count {
            text.push_str(&make(number));
        }
        assert_eq!(text.len(), count * width, "all texts have one length");
        Self { text, width, mask: count - 1 }
    }

    /// The text of a number; behind the last comes the first.
    pub fn get(&self, number: usize) -> &str {
        &self.text[(number & self.mask) * self.width..][..self.width]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.mask + 1
    }
}

/// Sets of ids that do not meet.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Of keys that somebody else signed.
    Forged,
    /// Of keys that are good.
    Live,
    /// Of keys that are revoked.
    Revoked,
}

impl Kind {
    fn seed(self) -> u64 {
        match self {
            Self::Forged => 0x7f4a_7c15_0000_0000,
            Self::Live => 0x1ce4_e5b9_0000_0000,
            Self::Revoked => 0x9e37_79b9_0000_0000,
        }
    }
}

/// The id of a number: UUIDv7, one a millisecond, its random bits spread well.
pub fn id(kind: Kind, number: usize) -> KeyId {
    let number = u64::try_from(number).unwrap_or_default();
    let [a, b] = [spread(kind.seed() ^ number), spread(!(kind.seed() ^ number))];
    let mut random = [0; 10];
    random[..8].copy_from_slice(&a.to_le_bytes());
    random[8..].copy_from_slice(&b.to_le_bytes()[..2]);
    KeyId::new(Uuid::v7(ISSUED_MS + number, random))
}

/// The finisher of splitmix64 (Steele, Lea, Flood 2014): every bit of the result hangs on every bit of `x`.
fn spread(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The secret that the guard knows; any other number is a forger's.
pub fn secret(number: u8) -> SigningSecret {
    SigningSecret::new([number; 32])
}

/// 2^`power` keys of a kind, signed with the secret of that number.
pub fn signed(kind: Kind, power: u32, secret_number: u8) -> Pile {
    let signing = SigningKey::for_api_keys(&secret(secret_number));
    Pile::new(power, |number| {
        let claims =
            Claims { slot: SLOT, id: id(kind, number), tenant: TENANT, scopes: GRANTED, expires_at: EXPIRES };
        claims.sign(Prefix::Standard, &signing).expose().to_owned()
    })
}

/// Keys of the right length with a character in their middle that base64url does not have.
pub fn malformed(of: &Pile) -> Pile {
    Pile::new(of.len().ilog2(), |number| {
        let text = of.get(number);
        let (before, after) = text.split_at(text.len() / 2);
        format!("{before}!{}", &after[1..])
    })
}

/// 2^`power` texts that say nothing: `whm_` and 32 hex digits.
pub fn opaque(power: u32) -> Pile {
    Pile::new(power, |number| {
        let mut text = "whm_".to_owned();
        // Writing to a string does not fail.
        let _ = write!(text, "{:032x}", id(Kind::Live, number).uuid().bits());
        text
    })
}
