//! The headers that tell the upstream who calls: `X-Titan-*`.

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use std::fmt::Write;
use titan_core::access::{Catalogue, Principal};

pub(crate) const IDENTITY: HeaderName = HeaderName::from_static("x-titan-identity");
pub(crate) const KEY_ID: HeaderName = HeaderName::from_static("x-titan-key-id");
pub(crate) const SCOPES: HeaderName = HeaderName::from_static("x-titan-scopes");
pub(crate) const SESSION: HeaderName = HeaderName::from_static("x-titan-session");
pub(crate) const SUBJECT: HeaderName = HeaderName::from_static("x-titan-subject");
pub(crate) const TENANT: HeaderName = HeaderName::from_static("x-titan-tenant");
/// Enough for an id, a tenant and a few scopes.
const USUAL_LENGTH: usize = 128;
/// `key_` and 26 characters.
const KEY_LENGTH: usize = 30;
const EMPTY: HeaderValue = HeaderValue::from_static("");

/// The caller, as header values.
pub(crate) struct Identity {
    key_id: HeaderValue,
    tenant: HeaderValue,
    /// Names, separated by spaces.
    scopes: HeaderValue,
    /// The user, or the person who holds a client token; empty for keys that have no owner.
    subject: HeaderValue,
    session: HeaderValue,
    /// All of it, signed; empty if the operator has not asked for it.
    token: HeaderValue,
}

impl Identity {
    pub(crate) fn new(
        principal: &Principal,
        catalogue: &Catalogue,
        session: Option<&str>,
        token: HeaderValue,
    ) -> Self {
        // One allocation for all three. Writing to a text cannot fail.
        let mut text = String::with_capacity(USUAL_LENGTH);
        let _ = match principal {
            Principal::Client(token) => write!(text, "{}{}", token.claims.parent, token.claims.subject),
            Principal::Key(key) => write!(text, "{}", key.id()),
            Principal::Opaque(key) => write!(text, "{}{}", key.id(), key.owner()),
            Principal::User(user) => write!(text, "{}", user.id()),
        };
        let id_end = text.len();
        let _ = write!(text, "{}", principal.tenant());
        let tenant_end = text.len();
        catalogue.write_names(principal.scopes(), &mut text);
        let text = Bytes::from(text);
        let id = |range| value(text.slice(range));
        let (key_id, subject) = match principal {
            Principal::Client(_) | Principal::Opaque(_) => (id(0..KEY_LENGTH), id(KEY_LENGTH..id_end)),
            Principal::Key(_) => (id(0..id_end), EMPTY),
            Principal::User(_) => (EMPTY, id(0..id_end)),
        };
        Self {
            key_id,
            subject,
            tenant: value(text.slice(id_end..tenant_end)),
            scopes: value(text.slice(tenant_end..)),
            // A name from a path may contain bytes that a header cannot contain. Then the header is empty.
            session: session.map_or(EMPTY, |name| HeaderValue::from_str(name).unwrap_or(EMPTY)),
            token,
        }
    }

    /// Sets every header of this kind. Unknown ones are empty.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        headers.insert(KEY_ID, self.key_id);
        headers.insert(TENANT, self.tenant);
        headers.insert(SCOPES, self.scopes);
        headers.insert(SUBJECT, self.subject);
        headers.insert(SESSION, self.session);
        headers.insert(IDENTITY, self.token);
    }
}

/// Ids, numbers and names of scopes are visible ASCII.
fn value(text: Bytes) -> HeaderValue {
    HeaderValue::from_maybe_shared(text).unwrap_or(EMPTY)
}
