//! The decision about a client token. What the rules of its session say of a request is in [`crate::client`].

use super::Guard;
use crate::snapshot::{Decision, Proven, Snapshot};
use std::sync::Arc;
use titan_core::Error;
use titan_core::access::{Denial, Principal, ProvenClient};
use titan_core::limit::{Person, Subject};
use titan_core::time::Timestamp;
use titan_token::{SessionName, UntrustedClientToken};

impl Guard {
    /// `now` is none without a good lease.
    #[inline(never)]
    pub(super) fn examine_client(
        &self,
        snapshot: &Snapshot,
        token: &UntrustedClientToken<'_>,
        now: Option<Timestamp>,
    ) -> Decision {
        let proven = match (snapshot.prove_client(token), now) {
            (Ok(proven), _) => Arc::new(proven),
            // Perhaps its signing key is one that this instance has not heard of yet.
            (Err(_), None) => return (None, Err(Denial::Unknown)),
            (Err(denial), Some(_)) => return (None, Err(denial)),
        };
        let is_ours = self.is_ours(&proven.claims.issuer, &proven.claims.audience);
        let decided = match now {
            Some(_) if !is_ours => Err(Denial::TokenInvalid),
            Some(now) => snapshot.decide_client(&proven, now),
            None => Err(Denial::Unknown),
        };
        let principal = decided.map(|()| Principal::Client(Arc::clone(&proven)));
        (Some(Proven::Client(proven)), principal)
    }

    /// Refuses a message of a person of whom it is known that they have sent as many as they may on this day.
    pub(crate) fn check_day(&self, person: Person, most: u32) -> Result<(), Error> {
        self.days.check(person, most, self.clock.now())
    }

    /// Counts a message of a person toward the limit of the day.
    pub(crate) async fn count_day(&self, person: Person, most: u32) -> Result<(), Error> {
        let Some(store) = &self.store else { return Ok(()) };
        self.days.count(&**store, person, most, self.clock.now()).await
    }

    /// Whether any rules for this session allow pages of this origin; `None`: for any session.
    pub(crate) fn allows_origin(&self, session: Option<&SessionName>, origin: &str) -> bool {
        self.snapshot.load().allows_origin(session, origin)
    }
}

/// What is wrong with the parent of a client token ends the token. Who holds it learns nothing of the parent.
pub(super) fn as_token((proven, decided): Decision) -> Decision {
    let decided = decided.map_err(|denial| match denial {
        Denial::Disabled | Denial::Revoked => Denial::TokenRevoked,
        Denial::Invalid => Denial::TokenInvalid,
        denial => denial,
    });
    (proven, decided)
}

/// The decision about a client token that was good. What its rules do not allow any more shall not go on, so a change of them ends it.
pub(super) fn decide_client_again(
    snapshot: &Snapshot,
    token: &Arc<ProvenClient>,
    now: Timestamp,
) -> Result<Principal, Denial> {
    snapshot.decide_client(token, now)?;
    let is_same = snapshot.client_rules(&token.session()) == token.rules.as_ref();
    if is_same { Ok(Principal::Client(Arc::clone(token))) } else { Err(Denial::TokenRevoked) }
}

/// How many requests the person may make in any 60 seconds.
pub(super) fn client_limit(token: &ProvenClient) -> Option<(Subject, u32)> {
    let limit = token.rules.as_ref()?.rate_limit;
    (limit > 0).then(|| (Subject::Client(token.person()), limit))
}
