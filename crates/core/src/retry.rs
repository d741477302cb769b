//! Trying again what the database aborted.

use crate::error::Error;

/// How often a transaction is tried.
const TRIES: u32 = 4;

/// Tries a transaction again if the database aborted it so that another could go on: a deadlock, or a serialization
/// failure. Nothing of an aborted one is stored. What fails in another way, fails at once.
pub(crate) async fn retried<T, F>(attempt: impl Fn() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    for _ in 1..TRIES {
        match attempt().await {
            Err(error) if error.is_aborted() => {}
            result => return result,
        }
    }
    attempt().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::StoreError;
    use std::cell::Cell;

    /// The result of a transaction that fails so often, and how often it was tried.
    fn run(failures: u32, error: fn() -> StoreError) -> (Result<(), u16>, u32) {
        let tries = Cell::new(0);
        let attempt = || {
            tries.set(tries.get() + 1);
            std::future::ready(if tries.get() > failures { Ok(()) } else { Err(Error::from(error())) })
        };
        let runtime = std::pin::pin!(retried(attempt));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(result) = runtime.poll(&mut context) else { panic!("nothing waits") };
        (result.map_err(|error| error.code().status()), tries.get())
    }

    #[test]
    fn what_was_aborted_is_tried_again_a_few_times() {
        let aborted = || StoreError::Aborted("deadlock".into());
        assert_eq!(run(0, aborted), (Ok(()), 1));
        assert_eq!(run(3, aborted), (Ok(()), 4));
        assert_eq!(run(9, aborted), (Err(503), 4));
    }

    #[test]
    fn what_failed_is_not_tried_again() {
        assert_eq!(run(1, || StoreError::Unavailable("gone".into())), (Err(503), 1));
        assert_eq!(run(1, || StoreError::Failed("wrong".into())), (Err(500), 1));
    }
}
