//! The seal keys of an instance, and which of them seals: `docs/adr/0026-changing-the-seal-key.md`.

use crate::error::ConnectError;
use crate::seal::{FINGERPRINT, Place, SealKey};
use std::sync::Arc;
use titan_core::entropy::Entropy;
use titan_core::port::{StoreError, StoreResult};
use titan_core::seal::{SealKeyName, SealState};
use zeroize::Zeroizing;

/// The table of the row.
pub(crate) const TABLE: &str = "seal";

/// The keys that an instance has.
pub struct SealKeys {
    current: SealKey,
    previous: Option<SealKey>,
}

impl SealKeys {
    /// The key of the configuration, and the one before it.
    pub fn new(current: SealKey, previous: Option<SealKey>) -> Self {
        Self { current, previous }
    }

    /// With the key that sealed it; `None` if neither did, for this place.
    pub(crate) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Option<(SealKeyName, Zeroizing<Vec<u8>>)> {
        let current = self.current.open(place, sealed).map(|secret| (SealKeyName::Current, secret));
        current.or_else(|| {
            let secret = self.previous.as_ref()?.open(place, sealed)?;
            Some((SealKeyName::Previous, secret))
        })
    }

    fn named(&self, name: SealKeyName) -> Option<&SealKey> {
        match name {
            SealKeyName::Current => Some(&self.current),
            SealKeyName::Previous => self.previous.as_ref(),
        }
    }

    fn name_of(&self, fingerprint: &[u8]) -> Option<SealKeyName> {
        let names = [SealKeyName::Current, SealKeyName::Previous];
        let is_it = |key: &SealKey| key.fingerprint() == fingerprint;
        names.into_iter().find(|name| self.named(*name).is_some_and(is_it))
    }
}

impl From<SealKey> for SealKeys {
    fn from(current: SealKey) -> Self {
        Self::new(current, None)
    }
}

/// The row that says which key seals.
pub(crate) struct SealRow {
    /// Of the key that seals.
    pub(crate) fingerprint: Vec<u8>,
    /// Of the key before, while secrets may be left under it.
    pub(crate) remaining: Option<Vec<u8>>,
    /// Counts the rotations.
    pub(crate) round: i64,
}

impl From<(Vec<u8>, Option<Vec<u8>>, i64)> for SealRow {
    fn from((fingerprint, remaining, round): (Vec<u8>, Option<Vec<u8>>, i64)) -> Self {
        Self { fingerprint, remaining, round }
    }
}

/// What seals and opens in a store.
#[derive(Clone)]
pub(crate) struct Vault {
    keys: Arc<SealKeys>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Vault {
    pub(crate) fn new(keys: impl Into<SealKeys>, entropy: Arc<dyn Entropy>) -> Self {
        Self { keys: Arc::new(keys.into()), entropy }
    }

    /// `None` if it is not what a key of ours sealed for this place.
    pub(crate) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.keys.open(place, sealed).map(|(_, secret)| secret)
    }

    /// The key that sealed this.
    pub(crate) fn sealer(&self, place: Place<'_>, sealed: &[u8]) -> Option<SealKeyName> {
        self.keys.open(place, sealed).map(|(name, _)| name)
    }

    /// With the key that the database names.
    pub(crate) fn seal(&self, row: &SealRow, place: Place<'_>, secret: &[u8]) -> StoreResult<Vec<u8>> {
        let key = self.keys.named(self.name(row)?).ok_or_else(changed)?;
        let sealed = key.seal(place, secret, &*self.entropy);
        sealed.ok_or_else(|| StoreError::Failed("sealing failed".into()))
    }

    /// The same secret under the key that the database names; `None` if it is under that one.
    pub(crate) fn reseal(
        &self,
        row: &SealRow,
        place: Place<'_>,
        sealed: &[u8],
    ) -> StoreResult<Option<Vec<u8>>> {
        let corrupt = StoreError::Corrupt { table: place.table, column: "secret" };
        let (name, secret) = self.keys.open(place, sealed).ok_or(corrupt)?;
        if name == self.name(row)? {
            return Ok(None);
        }
        self.seal(row, place, &secret).map(Some)
    }

    /// The row, as this instance sees it.
    pub(crate) fn state(&self, row: &SealRow) -> StoreResult<SealState> {
        Ok(SealState {
            by: self.name(row)?,
            has_previous: self.keys.previous.is_some(),
            is_unfinished: row.remaining.is_some(),
            round: u64::try_from(row.round)
                .map_err(|_| StoreError::Corrupt { table: TABLE, column: "round" })?,
        })
    }

    /// Whether this instance may run: it has the key that seals, and the one under which secrets may be left.
    pub(crate) fn check(&self, row: &SealRow) -> Result<(), ConnectError> {
        if self.keys.name_of(&row.fingerprint).is_none() {
            return Err(ConnectError::WrongSealKey);
        }
        match &row.remaining {
            Some(left) if self.keys.name_of(left).is_none() => Err(ConnectError::EarlierSealKey),
            _ => Ok(()),
        }
    }

    /// What a database gets that does not name a key yet: that of the key which sealed what is there, or else of the
    /// current one.
    pub(crate) fn first_fingerprint(&self, sealed_by: Option<SealKeyName>) -> Vec<u8> {
        let key = sealed_by.and_then(|name| self.keys.named(name)).unwrap_or(&self.keys.current);
        key.fingerprint().to_vec()
    }

    /// Of the key that a rotation makes the one that seals.
    pub(crate) fn current_fingerprint(&self) -> &[u8; FINGERPRINT] {
        self.keys.current.fingerprint()
    }

    /// Of all keys of this instance.
    pub(crate) fn fingerprints(&self) -> Vec<Vec<u8>> {
        let keys = [Some(&self.keys.current), self.keys.previous.as_ref()];
        keys.into_iter().flatten().map(|key| key.fingerprint().to_vec()).collect()
    }

    fn name(&self, row: &SealRow) -> StoreResult<SealKeyName> {
        self.keys.name_of(&row.fingerprint).ok_or_else(changed)
    }
}

/// It was rotated while this instance did not look.
fn changed() -> StoreError {
    StoreError::Failed(
        "the seal key was changed, and this instance does not have the new one: set TITAN_SEAL_KEY, and restart it".into(),
    )
}
