//! Setting one's own password.

use super::again::{Outcome, Reproof};
use super::service::SessionService;
use crate::access::{ManageOwnSessions, Permit};
use crate::audit::Entry;
use crate::error::Error;
use crate::retry::retried;
use crate::revision::{Receipt, Wait};
use crate::user::{Factors, PasswordHash, PlainPassword};
use serde_json::json;

/// A new password, and the proof of who sets it.
pub struct NewPassword {
    /// The one until now.
    pub current: PlainPassword,
    /// The new one.
    pub new: PlainPassword,
    /// Of the second factor, if there is one.
    pub code: Option<String>,
}

impl SessionService {
    /// Sets the password of the user who asks. All its sessions end, this one too: whoever else has one is out.
    pub async fn set_own_password(
        &self,
        permit: &Permit<ManageOwnSessions>,
        password: NewPassword,
        wait: Wait,
    ) -> Result<Receipt, Error> {
        let proof = self.prove_again(permit, password.current).await?;
        let outcome = self.apply_password(permit, &proof, password.new, password.code.as_deref(), wait).await;
        self.settle(&proof, outcome).await
    }

    async fn apply_password(
        &self,
        permit: &Permit<ManageOwnSessions>,
        proof: &Reproof,
        new: PlainPassword,
        code: Option<&str>,
        wait: Wait,
    ) -> Result<Outcome<Receipt>, Error> {
        let has_second = self.store.has_second_factor(proof.user.id).await?;
        let factors = if has_second { Factors::PasswordAndSecond } else { Factors::Password };
        let hash = self.passwords.hash(new.approve(factors, &proof.user.email)?).await?;
        retried(|| self.try_set_password(permit, proof, (&hash, has_second), code, wait)).await
    }

    async fn try_set_password(
        &self,
        permit: &Permit<ManageOwnSessions>,
        proof: &Reproof,
        (hash, had_second): (&PasswordHash, bool),
        code: Option<&str>,
        wait: Wait,
    ) -> Result<Outcome<Receipt>, Error> {
        let (now, user) = (self.clock.now(), proof.user.id);
        let Some(mut tx) = self.begin_proven(permit, proof, code, now).await? else {
            return Ok(Outcome::WrongCode);
        };
        let factor = tx.second_factor(user).await?.filter(|factor| factor.is_confirmed);
        if had_second && factor.is_none() {
            // The password may be too short without it.
            return Err(Error::not_ready("the second factor was removed in this moment"));
        }
        tx.set_password(user, hash).await?;
        let head = tx.head().await?;
        let revision = super::end_all(&mut *tx, user, None, now).await?.unwrap_or(head);
        let detail = json!({ "password": true });
        tx.add_audit(&Entry::by(permit, now, "user.update", user.to_string(), detail)).await?;
        tx.commit().await?;
        Ok(Outcome::Done(self.propagation.receipt(revision, wait).await?))
    }
}
