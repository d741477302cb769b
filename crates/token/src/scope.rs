//! Scopes as bits: what a key carries.

use core::fmt;

/// The place of one scope in the deployment's catalogue: 0 to 127.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeBit(u8);

impl ScopeBit {
    /// `*`: every scope, also those added to the catalogue later.
    pub const ALL: Self = Self(127);

    /// The bit `number`, or `None` above 127.
    pub const fn new(number: u8) -> Option<Self> {
        if number < 128 { Some(Self(number)) } else { None }
    }

    /// Its number, 0 to 127.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// A set of scopes: 128 bits.
///
/// Membership here is literal. That `*` covers the others, and that one scope implies another, is the
/// catalogue's knowledge and is worked out at the check.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ScopeSet(u128);

impl ScopeSet {
    /// No scope.
    pub const EMPTY: Self = Self(0);

    /// The set with exactly these bits.
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// The bits, as they stand in a key.
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// This set and `bit`.
    #[must_use]
    pub const fn with(self, bit: ScopeBit) -> Self {
        Self(self.0 | (1 << bit.0))
    }

    /// All that is in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `bit` itself is set.
    pub const fn contains(self, bit: ScopeBit) -> bool {
        self.0 & (1 << bit.0) != 0
    }

    /// Whether the two share a bit.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its bits, lowest first.
    pub fn iter(self) -> impl Iterator<Item = ScopeBit> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            // 128 of an empty set: no bit has that number.
            let bit = u8::try_from(rest.trailing_zeros()).ok().and_then(ScopeBit::new)?;
            rest &= rest - 1;
            Some(bit)
        })
    }
}

impl FromIterator<ScopeBit> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = ScopeBit>>(bits: I) -> Self {
        bits.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScopeSet({:#034x})", self.0)
    }
}
