//! What the control plane asks.

use super::Guard;
use crate::snapshot::Proven;
use async_trait::async_trait;
use titan_core::access::{Denial, Gate, Held, Principal};
use titan_token::{Binding, UntrustedConsole, UntrustedRefresh, VerifiedConsole};

#[async_trait]
impl Gate for Guard {
    async fn authenticate(&self, credential: &str) -> Result<Principal, Denial> {
        let now = self.clock.moment();
        let principal = self.decide(credential, now).await.1?;
        self.record_use(&principal, now);
        Ok(principal)
    }

    async fn held(&self, credential: &str) -> Result<Option<Held>, Denial> {
        let now = self.clock.moment();
        if let Ok(token) = UntrustedRefresh::parse(credential) {
            // Before the snapshot: without a good lease, its signing key may be one that this instance has not heard of.
            let is_good = self.lease.is_good(now);
            return match self.knows_refresh(&token) {
                true => Ok(Some(Held::Refresh(token))),
                false if is_good => Ok(None),
                false => Err(Denial::Unknown),
            };
        }
        match self.decide(credential, now).await {
            (Some(proven), _) => {
                Ok(Some(proven).filter(|proven| !proven.has_expired(now.wall)).and_then(Proven::held))
            }
            (None, Err(Denial::Unknown)) => Err(Denial::Unknown),
            (None, _) => Ok(None),
        }
    }

    fn knows_refresh(&self, token: &UntrustedRefresh) -> bool {
        self.snapshot.load().knows_refresh(token)
    }

    fn console(&self, token: &UntrustedConsole, bindings: &[Binding]) -> Result<VerifiedConsole, Denial> {
        let now = self.clock.moment();
        // Before the snapshot, as in `held`.
        if !self.lease.is_good(now) {
            return Err(Denial::Unknown);
        }
        self.snapshot.load().decide_console(token, bindings, now.wall)
    }

    fn jwks(&self) -> String {
        format!(r#"{{"keys":[{}]}}"#, self.snapshot.load().jwks(self.identities.is_some()).join(","))
    }
}
