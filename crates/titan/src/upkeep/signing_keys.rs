//! Rotates the signing keys, and looks after their slots.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use titan_core::signing::SigningKeyService;
use tokio::time::{MissedTickBehavior, interval};

/// How often the signing keys are looked at: the first time at once.
const PERIOD: Duration = Duration::from_hours(1);
/// Fewer free slots than this are worth a warning.
const FEW: usize = 3;

/// Rotates the signing keys when they are old, and says when there is soon no slot for the next one.
pub(crate) struct SigningKeyUpkeep {
    service: Arc<SigningKeyService>,
    days: Option<u32>,
}

impl SigningKeyUpkeep {
    /// `days`: how old a signing key gets.
    pub(crate) fn new(service: Arc<SigningKeyService>, days: Option<u32>) -> Self {
        Self { service, days }
    }

    /// Goes on until it is dropped.
    pub(crate) async fn run(&self) -> Infallible {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.look().await;
        }
    }

    async fn look(&self) {
        if let Some(days) = self.days {
            match self.service.rotate_when_old(days).await {
                Ok(Some(slot)) => tracing::info!(slot = slot.number(), "a new signing key signs from now on"),
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "the signing key is old and cannot be rotated"),
            }
        }
        match self.service.free_slots().await {
            Ok(free) if free < FEW => tracing::warn!(
                free,
                "few slots are free for signing keys: a slot is free again when all keys that it signed have expired"
            ),
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the signing keys cannot be read"),
        }
    }
}
