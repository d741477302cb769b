//! A second look at a credential: while its exchange goes on, or from the database, without a good lease.

use super::Guard;
use super::client::{as_token, decide_client_again};
use super::examine::decide_proven;
use crate::snapshot::{Decision, Proven, Snapshot};
use std::sync::Arc;
use std::time::Duration;
use titan_core::access::{Denial, Principal, ProvenOpaque};
use titan_core::revision::{CredentialId, CredentialState};
use titan_core::time::Timestamp;

/// How long the database may take to tell the state of one credential.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

impl Guard {
    /// The decision from the state of this one credential in the database. It was read after the request came, so it
    /// contains every change that was answered before.
    pub(super) async fn ask(&self, credential: &str, proven: Proven, now: Timestamp) -> Decision {
        match self.read_state(&proven).await {
            Some(state) => match proven {
                // Its claims are in no row that was read. They never change.
                Proven::Key(key) if key.is_imported() => decide_proven(&Snapshot::of(&state), key, Some(now)),
                _ => self.examine_in(&Snapshot::of(&state), credential, now),
            },
            None => (Some(proven), Err(Denial::Unknown)),
        }
    }

    /// Whether a credential that was accepted is still good, from memory.
    pub(crate) fn recheck(&self, principal: &Principal) -> Result<(), Denial> {
        if !self.lease.is_good(self.clock.moment()) {
            return Err(Denial::Unknown);
        }
        let now = self.clock.now();
        match principal {
            Principal::Key(key) => {
                let decide =
                    |snapshot: &Snapshot| (None, snapshot.decide(key.key(), now).map(Principal::Key));
                self.look_twice(decide).1.map(drop)
            }
            Principal::Client(token) => {
                let decide = |snapshot: &Snapshot| (None, decide_client_again(snapshot, token, now));
                as_token(self.look_twice(decide)).1.map(drop)
            }
            Principal::Opaque(key) => decide_again(&self.snapshot.load(), key.proof(), now),
            Principal::User(user) => self.snapshot.load().decide_jwt(user.proof(), now),
        }
    }

    /// The same from the database.
    pub(crate) async fn recheck_in_database(&self, principal: &Principal) -> Result<(), Denial> {
        let proven = match principal {
            Principal::Key(key) => Proven::Key(*key.key()),
            Principal::Client(token) => Proven::Client(Arc::clone(token)),
            Principal::Opaque(key) => Proven::Opaque(*key.proof()),
            Principal::User(user) => Proven::Jwt(Arc::clone(user.proof())),
        };
        let snapshot = Snapshot::of(&self.read_state(&proven).await.ok_or(Denial::Unknown)?);
        match &proven {
            Proven::Key(key) => snapshot.decide(key, self.clock.now()).map(drop),
            Proven::Jwt(jwt) => snapshot.decide_jwt(jwt, self.clock.now()),
            Proven::Opaque(key) => decide_again(&snapshot, key, self.clock.now()),
            Proven::Client(token) => {
                let decided = decide_client_again(&snapshot, token, self.clock.now());
                as_token((None, decided)).1.map(drop)
            }
        }
    }

    async fn read_state(&self, proven: &Proven) -> Option<CredentialState> {
        let (id, tenant) = match proven {
            Proven::Client(token) => {
                let parent = token.claims.parent;
                (CredentialId::Client(token.revoked(), parent, token.session()), token.claims.tenant)
            }
            Proven::Key(key) => (CredentialId::Key(key.claims().id), key.claims().tenant),
            Proven::Jwt(proven) => {
                let claims = proven.claims();
                (CredentialId::Session(claims.session), claims.tenant)
            }
            Proven::Opaque(key) => (CredentialId::Opaque(key.hash), key.status.tenant),
        };
        let state = self.store.as_ref()?.credential_state(id, tenant);
        // What goes wrong is in the log already: the lease was lost because of it.
        tokio::time::timeout(PATIENCE, state).await.ok()?.ok()
    }

    /// Whether a credential that was accepted is still good and, of a client token, under the same rules.
    pub(crate) async fn is_as_before(&self, principal: &Principal) -> bool {
        match self.recheck(principal) {
            Err(Denial::Unknown) => self.recheck_in_database(principal).await.is_ok(),
            decided => decided.is_ok(),
        }
    }
}

/// The decision about an opaque key that was good, and may be gone.
fn decide_again(snapshot: &Snapshot, key: &ProvenOpaque, now: Timestamp) -> Result<(), Denial> {
    let found = snapshot.find_opaque(key.hash).ok_or(Denial::Invalid)?;
    snapshot.decide_opaque(&found, now)?;
    // What a lower role may not begin, it may not go on with.
    if found.status.role < key.status.role { Err(Denial::Disabled) } else { Ok(()) }
}
