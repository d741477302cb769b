//! The JWTs with which the console works for its users.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use titan_token::{PlainToken, SessionId};

/// How many are kept. Beyond that, the next page of a session asks the database for a new one.
const MOST: usize = 1000;

/// One JWT a session, in the memory of this instance. It never leaves it.
#[derive(Default)]
pub(super) struct Jwts(Mutex<HashMap<SessionId, Arc<PlainToken>>>);

impl Jwts {
    pub(super) fn find(&self, session: SessionId) -> Option<Arc<PlainToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&session).cloned()
    }

    pub(super) fn keep(&self, session: SessionId, jwt: PlainToken) -> Arc<PlainToken> {
        let jwt = Arc::new(jwt);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(session, Arc::clone(&jwt));
        jwt
    }

    pub(super) fn drop(&self, session: SessionId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&session);
    }
}
