//! Proving once more who one is, before what a stolen JWT must not be enough for. Failures count like those of a sign-in.

use super::service::{SessionService, asking, membership_of};
use super::sign_in::{Counted, accepts_code, still, throttled, wrong};
use crate::access::{ManageOwnSessions, Permit};
use crate::error::{Code, Error};
use crate::port::Tx;
use crate::retry::retried;
use crate::time::Timestamp;
use crate::user::throttle::Attempt;
use crate::user::{PasswordHash, PlainPassword, SignInSubjects, User};

/// A user whose password was right, while the try still counts as failed.
pub(super) struct Reproof {
    subjects: SignInSubjects,
    attempt: Attempt,
    /// Who it is.
    pub(super) user: User,
    /// The hash that was checked.
    stored: String,
}

/// What became of a change that needs it.
pub(super) enum Outcome<T> {
    Done(T),
    /// The code of the second factor was wrong.
    WrongCode,
}

impl SessionService {
    /// Proves by password, and code where there is a second factor, that the user who asks is the one.
    pub(crate) async fn prove_identity(
        &self,
        permit: &Permit<ManageOwnSessions>,
        password: PlainPassword,
        code: Option<&str>,
    ) -> Result<(), Error> {
        let proof = self.prove_again(permit, password).await?;
        let outcome = retried(|| self.accept_proof(permit, &proof, code)).await;
        self.settle(&proof, outcome).await
    }

    async fn accept_proof(
        &self,
        permit: &Permit<ManageOwnSessions>,
        proof: &Reproof,
        code: Option<&str>,
    ) -> Result<Outcome<()>, Error> {
        match self.begin_proven(permit, proof, code, self.clock.now()).await? {
            Some(tx) => Ok(Outcome::Done(tx.commit().await?)),
            None => Ok(Outcome::WrongCode),
        }
    }

    /// Checks the password of the user who asks.
    pub(super) async fn prove_again(
        &self,
        permit: &Permit<ManageOwnSessions>,
        password: PlainPassword,
    ) -> Result<Reproof, Error> {
        let id = asking(permit)?.id();
        let user = self.store.user(id).await?.ok_or_else(wrong)?;
        let subjects = SignInSubjects::new(&user.email, permit.origin().ip);
        subjects.look(&*self.store, self.clock.now()).await?.look(self.clock.now()).map_err(throttled)?;
        let Counted { attempt, found } = retried(|| self.count(&user.email, &subjects)).await?;
        let hash = found.and_then(|(_, hash)| hash).unwrap_or_else(PasswordHash::dummy);
        let stored = hash.to_phc();
        match self.passwords.verify(password, hash).await {
            Ok(Some(_)) => Ok(Reproof { subjects, attempt, user, stored }),
            Ok(None) => Err(Error::invalid("password: is wrong")),
            Err(error) => {
                self.take_back(&subjects, attempt).await?;
                Err(error)
            }
        }
    }

    /// Begins a change by who has proved the password: `None` if the code is wrong.
    pub(super) async fn begin_proven(
        &self,
        permit: &Permit<ManageOwnSessions>,
        proof: &Reproof,
        code: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Box<dyn Tx>>, Error> {
        let mut tx = self.store.begin().await?;
        membership_of(&mut *tx, asking(permit)?).await?;
        still(&mut *tx, &proof.user, &proof.stored).await?;
        match accepts_code(&mut *tx, proof.user.id, code, now).await {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            // The JWT is good: 401 would make clients refresh it.
            Err(error) if error.code() == Code::SecondFactorRequired => {
                return Err(Error::invalid("code: is required, because you have a second factor"));
            }
            Err(error) => return Err(error),
        }
        let mut counts = proof.subjects.read(&mut *tx, now).await?;
        counts.succeed(proof.attempt);
        proof.subjects.write(&mut *tx, &counts, now).await?;
        Ok(Some(tx))
    }

    /// The answer. What was not found to be wrong is no failure.
    pub(super) async fn settle<T>(
        &self,
        proof: &Reproof,
        outcome: Result<Outcome<T>, Error>,
    ) -> Result<T, Error> {
        match outcome {
            Ok(Outcome::Done(value)) => Ok(value),
            Ok(Outcome::WrongCode) => Err(Error::invalid("code: is wrong, or was used before")),
            Err(error) => {
                self.take_back(&proof.subjects, proof.attempt).await?;
                Err(error)
            }
        }
    }
}
