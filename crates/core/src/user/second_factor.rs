//! The second factor of a user: codes of an authenticator app, and recovery codes for who lost it.

use super::{RecoveryCode, RecoveryHash, TotpSecret};
use crate::entropy::Entropy;
use crate::store_error::StoreResult;
use crate::time::Timestamp;
use async_trait::async_trait;
use titan_token::UserId;

/// A second factor.
pub struct SecondFactor {
    /// What the app and Titan share.
    pub secret: TotpSecret,
    /// Whether the user has shown a code: before that, nobody is asked for one.
    pub is_confirmed: bool,
    /// The step of the last code that was accepted. A code is good once.
    pub last_step: Option<i64>,
    /// The recovery codes that are left.
    pub recovery: Vec<RecoveryHash>,
    /// When it was begun.
    pub created_at: Timestamp,
}

impl SecondFactor {
    /// A new one, which is not confirmed.
    pub fn begin(entropy: &dyn Entropy, now: Timestamp) -> Self {
        Self {
            secret: TotpSecret::generate(entropy),
            is_confirmed: false,
            last_step: None,
            recovery: Vec::new(),
            created_at: now.whole_seconds(),
        }
    }

    /// Whether this is a code that is good now, of the app or for recovery. It is not good again: whoever calls stores what
    /// has changed here.
    pub fn accept(&mut self, code: &str, now: Timestamp) -> bool {
        self.accept_totp(code, now) || self.accept_recovery(code)
    }

    /// Confirms it with a code of the app, and gives the recovery codes.
    pub fn confirm(
        &mut self,
        code: &str,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Option<[RecoveryCode; 10]> {
        if !self.accept_totp(code, now) {
            return None;
        }
        let codes = RecoveryCode::generate(entropy);
        self.recovery = codes.iter().map(|code| code.hash(&self.secret)).collect();
        self.is_confirmed = true;
        Some(codes)
    }

    fn accept_totp(&mut self, code: &str, now: Timestamp) -> bool {
        let step = self.secret.check(code, now, self.last_step);
        self.last_step = step.or(self.last_step);
        step.is_some()
    }

    fn accept_recovery(&mut self, code: &str) -> bool {
        let Some(code) = RecoveryCode::parse(code) else { return false };
        let (hash, before) = (code.hash(&self.secret), self.recovery.len());
        self.recovery.retain(|left| !left.matches(&hash));
        self.recovery.len() < before
    }
}

/// Reading second factors.
#[async_trait]
pub trait SecondFactors {
    /// Whether a user has one that is confirmed.
    async fn has_second_factor(&self, user: UserId) -> StoreResult<bool>;
}

/// Changing second factors.
#[async_trait]
pub trait SecondFactorsTx {
    /// That of a user, confirmed or not.
    async fn second_factor(&mut self, user: UserId) -> StoreResult<Option<SecondFactor>>;

    /// Adds it, in place of one that is there.
    async fn put_second_factor(&mut self, user: UserId, factor: &SecondFactor) -> StoreResult<()>;

    /// Writes what can change of it: all but the secret.
    async fn save_second_factor(&mut self, user: UserId, factor: &SecondFactor) -> StoreResult<()>;

    /// Removes it, with its recovery codes.
    async fn remove_second_factor(&mut self, user: UserId) -> StoreResult<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    /// That of the secret of zeros at a time.
    fn code(at: Timestamp) -> String {
        let secret = TotpSecret::new([0; 20]);
        let is_right =
            |code: &String| secret.check(code, at, Some(at.secs() / 30 - 1)) == Some(at.secs() / 30);
        (0..1_000_000).map(|n| format!("{n:06}")).find(is_right).unwrap()
    }

    #[test]
    fn a_code_is_good_once_and_so_is_a_recovery_code() {
        let mut factor = SecondFactor::begin(&Zeros, NOW);
        assert!(factor.confirm("000000", &Zeros, NOW).is_none() && !factor.is_confirmed);
        let codes = factor.confirm(&code(NOW), &Zeros, NOW).unwrap();
        assert!(factor.is_confirmed && factor.recovery.len() == 10);
        assert!(!factor.accept(&code(NOW), NOW), "it was used to confirm");
        let later = NOW.plus_secs(30);
        assert!(factor.accept(&code(later), later) && !factor.accept(&code(later), later));
        assert!(!factor.accept(&code(NOW), later), "an older one than the last");
        // With these random bytes all ten are alike, so all are used at once.
        let recovery = codes[0].expose();
        assert!(factor.accept(&recovery, later) && !factor.accept(&recovery, later));
    }
}
