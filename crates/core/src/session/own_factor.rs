//! One's own second factor: beginning, confirming and removing it.

use super::again::{Outcome, Reproof};
use super::service::{SessionService, asking, membership_of};
use crate::access::{ManageOwnSessions, Permit};
use crate::audit::Entry;
use crate::error::Error;
use crate::retry::retried;
use crate::user::{Factors, PlainPassword, RecoveryCode, SecondFactor};
use serde_json::json;
use zeroize::Zeroizing;

/// What somebody puts into an app.
pub struct Enrolment {
    /// In base32, to be typed.
    pub secret: Zeroizing<String>,
    /// For a QR code.
    pub uri: Zeroizing<String>,
}

impl SessionService {
    /// Begins a second factor. Nobody is asked for it before it is confirmed.
    pub async fn begin_factor(
        &self,
        permit: &Permit<ManageOwnSessions>,
        password: PlainPassword,
    ) -> Result<Enrolment, Error> {
        let proof = self.prove_again(permit, password).await?;
        let outcome = retried(|| self.try_begin_factor(permit, &proof)).await;
        self.settle(&proof, outcome).await
    }

    async fn try_begin_factor(
        &self,
        permit: &Permit<ManageOwnSessions>,
        proof: &Reproof,
    ) -> Result<Outcome<Enrolment>, Error> {
        let (now, user) = (self.clock.now(), &proof.user);
        if self.store.has_second_factor(user.id).await? {
            return Err(Error::conflict("there is a second factor: remove it first"));
        }
        let Some(mut tx) = self.begin_proven(permit, proof, None, now).await? else {
            return Ok(Outcome::WrongCode);
        };
        let factor = SecondFactor::begin(&*self.entropy, now);
        tx.put_second_factor(user.id, &factor).await?;
        tx.commit().await?;
        let uri = factor.secret.uri(self.settings.issuer.as_str(), &user.email);
        Ok(Outcome::Done(Enrolment { secret: factor.secret.to_base32(), uri }))
    }

    /// Whether the user who asks has one.
    pub async fn has_factor(&self, permit: &Permit<ManageOwnSessions>) -> Result<bool, Error> {
        Ok(self.store.has_second_factor(asking(permit)?.id()).await?)
    }

    /// Confirms it with a code of the app. From now on, a sign-in needs one. The recovery codes are shown this once.
    pub async fn confirm_factor(
        &self,
        permit: &Permit<ManageOwnSessions>,
        code: &str,
    ) -> Result<[RecoveryCode; 10], Error> {
        retried(|| self.try_confirm_factor(permit, code)).await
    }

    async fn try_confirm_factor(
        &self,
        permit: &Permit<ManageOwnSessions>,
        code: &str,
    ) -> Result<[RecoveryCode; 10], Error> {
        let (user, now) = (asking(permit)?, self.clock.now());
        let mut tx = self.store.begin().await?;
        membership_of(&mut *tx, user).await?;
        let factor = tx.second_factor(user.id()).await?.filter(|factor| !factor.is_confirmed);
        let mut factor = factor.ok_or_else(|| Error::conflict("there is no second factor to confirm"))?;
        // Whoever asks has just been told the secret: there is nothing to guess.
        let codes =
            factor.confirm(code, &*self.entropy, now).ok_or_else(|| Error::invalid("code: is wrong"))?;
        tx.save_second_factor(user.id(), &factor).await?;
        let subject = user.id().to_string();
        tx.add_audit(&Entry::by(permit, now, "second_factor.confirm", subject, json!({}))).await?;
        tx.commit().await?;
        Ok(codes)
    }

    /// Removes it. The password must be long enough to be alone.
    pub async fn remove_factor(
        &self,
        permit: &Permit<ManageOwnSessions>,
        password: PlainPassword,
        code: Option<&str>,
    ) -> Result<(), Error> {
        let is_long_enough = password.is_long_enough(Factors::Password);
        let proof = self.prove_again(permit, password).await?;
        let outcome = retried(|| self.try_remove_factor(permit, &proof, is_long_enough, code)).await;
        self.settle(&proof, outcome).await
    }

    async fn try_remove_factor(
        &self,
        permit: &Permit<ManageOwnSessions>,
        proof: &Reproof,
        is_long_enough: bool,
        code: Option<&str>,
    ) -> Result<Outcome<()>, Error> {
        let (now, user) = (self.clock.now(), proof.user.id);
        let Some(mut tx) = self.begin_proven(permit, proof, code, now).await? else {
            return Ok(Outcome::WrongCode);
        };
        if tx.second_factor(user).await?.is_none() {
            return Err(Error::not_found("second factor"));
        }
        if !is_long_enough {
            let fewest = Factors::Password.shortest_password();
            return Err(Error::invalid(format!(
                "password: without a second factor it must have at least {fewest} characters: set a longer one first"
            )));
        }
        tx.remove_second_factor(user).await?;
        let subject = user.to_string();
        tx.add_audit(&Entry::by(permit, now, "second_factor.remove", subject, json!({}))).await?;
        tx.commit().await?;
        Ok(Outcome::Done(()))
    }
}
