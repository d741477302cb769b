//! What the upstream learns of the caller: the `X-Titan-*` headers.

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use titan_core::access::{Catalogue, KeyPrincipal};

pub(super) const KEY_ID: HeaderName = HeaderName::from_static("x-titan-key-id");
pub(super) const SCOPES: HeaderName = HeaderName::from_static("x-titan-scopes");
pub(super) const SESSION: HeaderName = HeaderName::from_static("x-titan-session");
pub(super) const SUBJECT: HeaderName = HeaderName::from_static("x-titan-subject");
pub(super) const TENANT: HeaderName = HeaderName::from_static("x-titan-tenant");
const EMPTY: HeaderValue = HeaderValue::from_static("");

/// Who asks, as header values.
pub(super) struct Identity {
    key_id: HeaderValue,
    tenant: HeaderValue,
    /// Names, with spaces between.
    scopes: HeaderValue,
    session: HeaderValue,
}

impl Identity {
    pub(super) fn new(key: &KeyPrincipal, catalogue: &Catalogue, session: Option<&str>) -> Self {
        // One piece of memory for all three.
        let mut text = key.id().to_string();
        let id_end = text.len();
        text.push_str(&key.tenant().to_string());
        let tenant_end = text.len();
        catalogue.write_names(key.scopes(), &mut text);
        let text = Bytes::from(text);
        Self {
            key_id: value(text.slice(..id_end)),
            tenant: value(text.slice(id_end..tenant_end)),
            scopes: value(text.slice(tenant_end..)),
            // A name from a path may hold bytes that no header takes: then the header is empty, not a lie.
            session: session.map_or(EMPTY, |name| HeaderValue::from_str(name).unwrap_or(EMPTY)),
        }
    }

    /// Sets every header of this kind, empty where nothing is known.
    pub(super) fn write(self, headers: &mut HeaderMap) {
        headers.insert(KEY_ID, self.key_id);
        headers.insert(TENANT, self.tenant);
        headers.insert(SCOPES, self.scopes);
        headers.insert(SUBJECT, EMPTY);
        headers.insert(SESSION, self.session);
    }
}

/// Ids, numbers and names of scopes are visible ASCII.
fn value(text: Bytes) -> HeaderValue {
    HeaderValue::from_maybe_shared(text).unwrap_or(EMPTY)
}
