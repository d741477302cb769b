//! The stored counts of failed sign-ins ([`super::throttle`]).

use super::Email;
use super::throttle::{Attempts, Counts, KNOWN_SECS, Subject};
use crate::error::Error;
use crate::port::{Store, Tx};
use crate::store_error::StoreResult;
use crate::time::Timestamp;
use async_trait::async_trait;
use std::net::{IpAddr, Ipv4Addr};

/// Looking at failed sign-ins.
#[async_trait]
pub trait FailedSignIns {
    /// The failures of a subject, if its row still means something.
    async fn failures(&self, subject: &Subject, now: Timestamp) -> StoreResult<Option<Attempts>>;
}

/// Counting failed sign-ins.
#[async_trait]
pub trait AttemptsTx {
    /// The failures of a subject, if its row still means something.
    async fn attempts(&mut self, subject: &Subject, now: Timestamp) -> StoreResult<Option<Attempts>>;

    /// Writes them. From `forget_at` on, the row means nothing.
    async fn put_attempts(
        &mut self,
        subject: &Subject,
        attempts: &Attempts,
        forget_at: Timestamp,
    ) -> StoreResult<()>;

    /// Deletes some of the rows that mean nothing any more, more than one sign-in adds.
    async fn forget_attempts(&mut self, now: Timestamp) -> StoreResult<()>;
}

/// Whose counts a sign-in is in.
#[derive(Clone, Copy)]
pub(crate) struct SignInSubjects {
    account: Subject,
    address: Subject,
    known: Subject,
}

impl SignInSubjects {
    /// Without an address, all of these share one.
    pub(crate) fn new(email: &Email, ip: Option<IpAddr>) -> Self {
        let ip = ip.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        Self {
            account: Subject::account(email),
            address: Subject::address(ip),
            known: Subject::known(email, ip),
        }
    }

    /// The counts, without a place in the line of the writers.
    pub(crate) async fn look(&self, store: &dyn Store, now: Timestamp) -> Result<Counts, Error> {
        Ok(Counts {
            account: store.failures(&self.account, now).await?.unwrap_or_default(),
            address: store.failures(&self.address, now).await?.unwrap_or_default(),
            known: store.failures(&self.known, now).await?,
        })
    }

    pub(crate) async fn read(&self, tx: &mut dyn Tx, now: Timestamp) -> Result<Counts, Error> {
        Ok(Counts {
            account: tx.attempts(&self.account, now).await?.unwrap_or_default(),
            address: tx.attempts(&self.address, now).await?.unwrap_or_default(),
            known: tx.attempts(&self.known, now).await?,
        })
    }

    pub(crate) async fn write(&self, tx: &mut dyn Tx, counts: &Counts, now: Timestamp) -> Result<(), Error> {
        for (subject, attempts) in [(&self.account, &counts.account), (&self.address, &counts.address)] {
            tx.put_attempts(subject, attempts, attempts.ends_at().unwrap_or(now)).await?;
        }
        if let Some(known) = &counts.known {
            tx.put_attempts(&self.known, known, now.plus_secs(KNOWN_SECS)).await?;
        }
        tx.forget_attempts(now).await?;
        Ok(())
    }
}
