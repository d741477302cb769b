//! The catalogue of scopes: names, their bits, and what implies what.

use crate::error::Error;
use crate::suggest::did_you_mean;
use std::collections::HashMap;
use std::fmt;
use titan_token::{ScopeBit, ScopeSet};

/// The scopes that ship with Titan, in the order of their bits. Append only: a bit is never used again.
const SHIPPED: [&str; 33] = [
    "sessions:read",
    "sessions:manage",
    "messages:write",
    "chats:read",
    "chats:manage",
    "contacts:read",
    "contacts:manage",
    "groups:read",
    "groups:manage",
    "channels:read",
    "channels:manage",
    "status:write",
    "presence:read",
    "presence:write",
    "labels:read",
    "labels:manage",
    "profile:read",
    "profile:write",
    "webhooks:manage",
    "media:read",
    "media:manage",
    "tasks:read",
    "tasks:write",
    "executions:read",
    "executions:write",
    "data:read",
    "analytics:read",
    "billing:read",
    "billing:write",
    "keys:manage",
    "keys:verify",
    "usage:read",
    "audit:read",
];
/// Bits 0 to 126 have names; 127 is `*`.
const NAMED: usize = 127;
const ALL: &str = "*";

/// `keys:manage`
pub const KEYS_MANAGE: (ScopeBit, &str) = builtin(29, "keys:manage");
/// `sessions:manage`
pub const SESSIONS_MANAGE: (ScopeBit, &str) = builtin(1, "sessions:manage");
/// `keys:verify`
pub const KEYS_VERIFY: (ScopeBit, &str) = builtin(30, "keys:verify");
/// `usage:read`
pub const USAGE_READ: (ScopeBit, &str) = builtin(31, "usage:read");

const fn builtin(number: u8, name: &'static str) -> (ScopeBit, &'static str) {
    match ScopeBit::new(number) {
        Some(bit) => (bit, name),
        None => unreachable!(),
    }
}

/// Why a name cannot be a scope.
#[derive(Debug, PartialEq, Eq)]
pub enum CatalogueError {
    /// More than 127.
    Full,
    /// Not `resource:action` in lower-case letters, digits, `-` and `_`.
    Name(String),
    /// Named twice.
    Twice(String),
}

impl fmt::Display for CatalogueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => write!(f, "there are more than {NAMED} scopes"),
            Self::Name(name) => write!(f, "scope `{name}` must have the form resource:action"),
            Self::Twice(name) => write!(f, "scope `{name}` is listed twice"),
        }
    }
}

impl std::error::Error for CatalogueError {}

/// The closed list of this deployment's scopes.
#[derive(Clone)]
pub struct Catalogue {
    names: Vec<String>,
    bits: HashMap<String, ScopeBit>,
    satisfied_by: [ScopeSet; 128],
}

impl Catalogue {
    /// The names that ship with Titan.
    pub fn shipped() -> impl Iterator<Item = &'static str> {
        SHIPPED.into_iter()
    }

    /// The scopes that ship with Titan, followed by the operator's.
    pub fn new(own: impl IntoIterator<Item = String>) -> Result<Self, CatalogueError> {
        Self::of(SHIPPED.into_iter().map(str::to_owned).chain(own).collect())
    }

    /// The names of bits 0, 1, … as in a database. It keeps the order in which the scopes appeared. So a scope that
    /// ships with a later version comes after the scopes that the operator had before.
    pub fn of(names: Vec<String>) -> Result<Self, CatalogueError> {
        if names.len() > NAMED {
            return Err(CatalogueError::Full);
        }
        let mut bits = HashMap::from([(ALL.to_owned(), ScopeBit::ALL)]);
        for (name, bit) in names.iter().zip(all_bits()) {
            if !is_name(name) {
                return Err(CatalogueError::Name(name.clone()));
            }
            if bits.insert(name.clone(), bit).is_some() {
                return Err(CatalogueError::Twice(name.clone()));
            }
        }
        let satisfied_by = implications(&bits);
        Ok(Self { names, bits, satisfied_by })
    }

    /// The names of bits 0, 1, …
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The bit of a name; `*` is one.
    pub fn bit(&self, name: &str) -> Option<ScopeBit> {
        self.bits.get(name).copied()
    }

    /// The name of a bit. A bit without one prints as its number.
    pub fn name(&self, bit: ScopeBit) -> String {
        self.known_name(bit).map_or_else(|| format!("unknown:{}", bit.number()), str::to_owned)
    }

    /// The names of all bits of a set, lowest bit first, with spaces between them.
    pub fn write_names(&self, set: ScopeSet, text: &mut String) {
        for (index, bit) in set.iter().enumerate() {
            if index > 0 {
                text.push(' ');
            }
            match self.known_name(bit) {
                Some(name) => text.push_str(name),
                None => text.push_str(&self.name(bit)),
            }
        }
    }

    fn known_name(&self, bit: ScopeBit) -> Option<&str> {
        if bit == ScopeBit::ALL {
            return Some(ALL);
        }
        self.names.get(usize::from(bit.number())).map(String::as_str)
    }

    /// Whether who was granted `granted` may do what needs `needed`: it is granted, implied, or `*` is.
    pub fn covers(&self, granted: ScopeSet, needed: ScopeBit) -> bool {
        granted.intersects(self.satisfied_by[usize::from(needed.number())])
    }

    /// The names asked for, as bits in the same order, each once. Unknown names and an empty list are 400.
    pub fn parse(&self, names: &[String]) -> Result<Vec<ScopeBit>, Error> {
        let mut bits = Vec::with_capacity(names.len());
        for name in names {
            let bit = self.bit(name).ok_or_else(|| self.unknown(name))?;
            if !bits.contains(&bit) {
                bits.push(bit);
            }
        }
        if bits.is_empty() {
            return Err(Error::invalid("scopes: must name at least one scope"));
        }
        Ok(bits)
    }

    fn unknown(&self, name: &str) -> Error {
        Error::invalid(format!("unknown scope: {}{}", shown(name), self.suggestion(name)))
    }

    /// The end of an error about an unknown scope: the scope that is meant, if one is near.
    pub(crate) fn suggestion(&self, name: &str) -> String {
        did_you_mean(name, self.names.iter().map(String::as_str))
    }

    /// The first of `wanted` that a holder of `held` may not hand on.
    pub fn first_beyond(&self, held: ScopeSet, wanted: &[ScopeBit]) -> Option<ScopeBit> {
        wanted.iter().copied().find(|bit| !self.covers(held, *bit))
    }
}

fn all_bits() -> impl Iterator<Item = ScopeBit> {
    (0..=127).filter_map(ScopeBit::new)
}

/// For each bit, which granted bits satisfy it: itself, `*`, and for `x:read` also `x:manage` and `x:write`.
fn implications(bits: &HashMap<String, ScopeBit>) -> [ScopeSet; 128] {
    let mut satisfied_by = [ScopeSet::EMPTY; 128];
    for (set, bit) in satisfied_by.iter_mut().zip(all_bits()) {
        *set = ScopeSet::EMPTY.with(bit).with(ScopeBit::ALL);
    }
    for (name, bit) in bits {
        let Some(resource) = name.strip_suffix(":read") else { continue };
        let stronger = ["manage", "write"].map(|action| bits.get(&format!("{resource}:{action}")).copied());
        let set = &mut satisfied_by[usize::from(bit.number())];
        *set = set.union(stronger.into_iter().flatten().collect());
    }
    satisfied_by
}

fn is_name(name: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'-' | b'_'))
    };
    name.len() <= 64
        && name.split_once(':').is_some_and(|(resource, action)| is_word(resource) && is_word(action))
}

/// What of a caller's text is repeated to it: short, and without control characters.
fn shown(text: &str) -> String {
    text.chars().take(64).filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bit(catalogue: &Catalogue, name: &str) -> ScopeBit {
        catalogue.bit(name).unwrap()
    }

    #[test]
    fn the_shipped_order_is_for_ever() {
        let catalogue = Catalogue::new([]).unwrap();
        for (name, number) in
            [("sessions:read", 0), ("media:manage", 20), ("tasks:read", 21), ("audit:read", 32)]
        {
            assert_eq!(bit(&catalogue, name).number(), number);
        }
        for (number, name) in [KEYS_MANAGE, KEYS_VERIFY, USAGE_READ] {
            assert_eq!(bit(&catalogue, name), number);
        }
        assert_eq!(bit(&catalogue, "*"), ScopeBit::ALL);
    }

    #[test]
    fn reading_is_implied_and_nothing_else() {
        let catalogue = Catalogue::new([]).unwrap();
        let covers = |granted, needed| {
            catalogue.covers(ScopeSet::EMPTY.with(bit(&catalogue, granted)), bit(&catalogue, needed))
        };
        assert!(covers("sessions:manage", "sessions:read"));
        assert!(covers("tasks:write", "tasks:read"));
        assert!(covers("*", "keys:manage"));
        assert!(!covers("sessions:read", "sessions:manage"));
        assert!(!covers("chats:manage", "sessions:read"));
        assert!(!covers("keys:manage", "*"));
    }

    #[test]
    fn own_scopes_come_behind_and_are_covered_by_all() {
        let catalogue = Catalogue::new(["orders:read".to_owned(), "orders:write".to_owned()]).unwrap();
        assert_eq!(bit(&catalogue, "orders:read").number(), 33);
        assert!(catalogue.covers(ScopeSet::EMPTY.with(ScopeBit::ALL), bit(&catalogue, "orders:write")));
    }

    #[test]
    fn an_unknown_scope_is_named_with_the_nearest_one() {
        let catalogue = Catalogue::new(["orders:read".to_owned()]).unwrap();
        let error = |name: &str| catalogue.parse(&[name.to_owned()]).unwrap_err().to_string();
        assert_eq!(error("sesions:read"), "unknown scope: sesions:read; did you mean sessions:read?");
        assert_eq!(error("orders:red"), "unknown scope: orders:red; did you mean orders:read?");
        assert_eq!(error("no:such"), "unknown scope: no:such");
    }

    #[test]
    fn bad_catalogues_are_refused() {
        let new = |names: &[&str]| Catalogue::new(names.iter().map(|&n| n.to_owned())).err();
        assert_eq!(new(&["tasks:read"]), Some(CatalogueError::Twice("tasks:read".into())));
        for name in ["*", "orders", "Orders:read", "a:b:c", ":read", "a: b"] {
            assert!(new(&[name]).is_some(), "{name}");
        }
        let many: Vec<String> = (0..95).map(|n| format!("x:a{n}")).collect();
        assert_eq!(Catalogue::new(many).err(), Some(CatalogueError::Full));
    }
}
