//! Hashing passwords, which takes 50 ms and 19 MiB each time: on threads of their own, only a few at once.

use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use titan_core::Error;
use titan_core::entropy::Entropy;
use titan_core::user::{ApprovedPassword, PasswordHash, PasswordWork, PlainPassword};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// How many may wait. With two at once, the last one waits for two seconds.
const MOST_WAITING: usize = 64;

/// At most one for each core runs at the same time.
pub(crate) struct Passwords {
    entropy: Arc<dyn Entropy>,
    running: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Passwords {
    pub(crate) fn new(entropy: Arc<dyn Entropy>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { entropy, running: Arc::new(Semaphore::new(cores)), waiting: AtomicUsize::new(0) }
    }

    /// Runs it when there is a place. 503 if too many wait already.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let _place = Place::take(&self.waiting)?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(Error::internal)?;
        let result = spawn_blocking(move || {
            // Held to the end of the work, also if the caller has gone away.
            let _running = running;
            work()
        });
        result.await.map_err(Error::internal)?
    }
}

/// A place in the line.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Result<Self, Error> {
        if waiting.fetch_add(1, Ordering::Relaxed) < MOST_WAITING {
            return Ok(Self(waiting));
        }
        waiting.fetch_sub(1, Ordering::Relaxed);
        Err(Error::not_ready("too many passwords wait to be checked"))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl PasswordWork for Passwords {
    async fn verify(
        &self,
        password: PlainPassword,
        hash: PasswordHash,
    ) -> Result<Option<ApprovedPassword>, Error> {
        self.run(move || hash.verify(password)).await
    }

    async fn hash(&self, password: ApprovedPassword) -> Result<PasswordHash, Error> {
        let entropy = Arc::clone(&self.entropy);
        self.run(move || password.hash(&*entropy)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn a_crowd_is_refused_and_not_queued_for_ever() {
        let passwords = Passwords::new(Arc::new(crate::system::SystemEntropy));
        let (free, blocked) = std::sync::mpsc::channel::<()>();
        let blocked = Arc::new(std::sync::Mutex::new(blocked));
        let work = || {
            let blocked = Arc::clone(&blocked);
            passwords.run(move || {
                // Ends when the sender is dropped.
                let _ = blocked.lock().map(|blocked| blocked.recv());
                Ok(())
            })
        };
        let mut crowd: Vec<_> = (0..MOST_WAITING).map(|_| Box::pin(work())).collect();
        for one in &mut crowd {
            assert!(one.as_mut().now_or_never().is_none(), "it waits");
        }
        assert_eq!(work().await.unwrap_err().code().status(), 503);
        drop(free);
        for one in crowd {
            one.await.unwrap();
        }
        work().await.unwrap();
    }
}
