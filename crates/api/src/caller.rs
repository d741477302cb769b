//! Who calls: extractors that give a proven caller, or the answer that refuses it.

use crate::ControlPlane;
use crate::error::{ApiError, master_key_needed};
use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use titan_core::Error;
use titan_core::access::{Action, Caller, Denial, KeyPrincipal, Origin, Permit, bearer_or_header, decide};
use titan_token::KeyId;

/// The holder of the master key: the callers of `/admin`.
pub(crate) struct Admin(Authenticated);

/// The holder of an API key: the callers of `/api/account`.
pub(crate) struct Account {
    authenticated: Authenticated,
    key: KeyPrincipal,
}

/// A proven caller and where the request came from.
pub(crate) struct Authenticated {
    caller: Caller,
    origin: Origin,
}

/// A caller of either surface.
pub(crate) trait Authorize {
    fn authenticated(&self) -> &Authenticated;

    /// The proof that this caller may do `A`, to `target` where the action has one.
    fn permit<A: Action>(&self, target: Option<KeyId>) -> Result<Permit<A>, Denial> {
        let Authenticated { caller, origin } = self.authenticated();
        decide(caller, target, origin.clone())
    }
}

impl Authorize for Admin {
    fn authenticated(&self) -> &Authenticated {
        &self.0
    }
}

impl Authorize for Account {
    fn authenticated(&self) -> &Authenticated {
        &self.authenticated
    }
}

impl Account {
    /// The key that asks.
    pub(crate) fn key(&self) -> &KeyPrincipal {
        &self.key
    }
}

impl FromRequestParts<ControlPlane> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ControlPlane) -> Result<Self, ApiError> {
        let credential = credential(&parts.headers).map_err(|denial| match denial {
            Denial::Conflicting => Error::from(denial),
            denial => master_key_needed(&denial),
        })?;
        if state.master.contains(credential) {
            return Ok(Self(Authenticated { caller: Caller::Master, origin: origin(parts) }));
        }
        // A good API key is told what is needed here; a bad one, what is wrong with it; other texts are no keys.
        match state.gate.authenticate(credential).await {
            Ok(_) => Err(Denial::WrongCredential("master key required").into()),
            Err(denial @ Denial::Malformed) => Err(master_key_needed(&denial).into()),
            Err(denial) => Err(denial.into()),
        }
    }
}

impl FromRequestParts<ControlPlane> for Account {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ControlPlane) -> Result<Self, ApiError> {
        let credential = credential(&parts.headers)?;
        if state.master.contains(credential) {
            return Err(Denial::WrongCredential("api key required").into());
        }
        let key = state.gate.authenticate(credential).await?;
        let authenticated = Authenticated { caller: Caller::Key(key.clone()), origin: origin(parts) };
        Ok(Self { authenticated, key })
    }
}

fn credential(headers: &HeaderMap) -> Result<&str, Denial> {
    const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
    let values = |name| headers.get_all(name).iter().map(HeaderValue::as_bytes);
    bearer_or_header(values(AUTHORIZATION), values(API_KEY))
}

/// The program puts it there for every request.
fn origin(parts: &Parts) -> Origin {
    parts.extensions.get::<Origin>().cloned().unwrap_or_default()
}
