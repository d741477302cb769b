//! Who calls: extractors that give a proven caller, or the answer that refuses it.

use crate::ControlPlane;
use crate::error::{ApiError, master_key_needed};
use axum::extract::FromRequestParts;
use http::header::{AUTHORIZATION, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::convert::Infallible;
use titan_core::Error;
use titan_core::access::{
    Action, Caller, Denial, KeyPrincipal, Origin, Permit, Principal, USER_NEEDED, UserPrincipal,
    bearer_or_header, decide,
};
use titan_core::error::Code;
use titan_token::KeyId;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The holder of the master key: the callers of `/admin`.
pub(crate) struct Admin(Authenticated);

/// The holder of an API key: the callers of `/api/account`.
pub(crate) struct Account {
    authenticated: Authenticated,
    key: KeyPrincipal,
}

/// A user who has signed in: the callers of `/api/v1`.
pub(crate) struct SignedInCaller {
    authenticated: Authenticated,
    user: UserPrincipal,
    /// The JWT as it was sent.
    token: String,
}

/// The holder of the master key or of any other credential: the callers of `/oauth2`.
pub(crate) struct KeyOrMaster(Authenticated);

/// A person, by a JWT or by an opaque key: the callers of `/api/api-keys`.
pub(crate) struct PeopleCaller(Authenticated);

/// A user who has signed in, if there is a credential.
pub(crate) struct PerhapsSignedIn(pub(crate) Option<SignedInCaller>);

/// Somebody without a credential.
pub(crate) struct Visitor {
    pub(crate) origin: Origin,
    /// `User-Agent`
    pub(crate) user_agent: String,
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

impl Authorize for SignedInCaller {
    fn authenticated(&self) -> &Authenticated {
        &self.authenticated
    }
}

impl Authorize for KeyOrMaster {
    fn authenticated(&self) -> &Authenticated {
        &self.0
    }
}

impl Authorize for PeopleCaller {
    fn authenticated(&self) -> &Authenticated {
        &self.0
    }
}

impl SignedInCaller {
    /// The user who asks.
    pub(crate) fn user(&self) -> &UserPrincipal {
        &self.user
    }

    /// The JWT with which it asks.
    pub(crate) fn token(&self) -> &str {
        &self.token
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
        let Principal::Key(key) = state.gate.authenticate(credential).await? else {
            return Err(Denial::WrongCredential("api key required").into());
        };
        let authenticated = Authenticated { caller: Caller::Key(key.clone()), origin: origin(parts) };
        Ok(Self { authenticated, key })
    }
}

impl FromRequestParts<ControlPlane> for SignedInCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ControlPlane) -> Result<Self, ApiError> {
        let token = credential(&parts.headers).map_err(|denial| match denial {
            Denial::Missing => Error::new(Code::MissingApiKey, "missing bearer token"),
            denial => denial.into(),
        })?;
        let principal = match state.gate.authenticate(token).await {
            Ok(principal) => principal,
            Err(_) if state.master.contains(token) => return Err(Denial::WrongCredential(USER_NEEDED).into()),
            // Whatever it is, it is no token that this surface takes.
            Err(Denial::Malformed) => return Err(Denial::TokenInvalid.into()),
            Err(denial) => return Err(denial.into()),
        };
        let Principal::User(user) = principal else {
            return Err(Denial::WrongCredential(USER_NEEDED).into());
        };
        let authenticated = Authenticated { caller: Caller::User(user.clone()), origin: origin(parts) };
        Ok(Self { authenticated, user, token: token.to_owned() })
    }
}

impl FromRequestParts<ControlPlane> for KeyOrMaster {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ControlPlane) -> Result<Self, ApiError> {
        let credential = credential(&parts.headers)?;
        let caller = match state.gate.authenticate(credential).await {
            Err(_) if state.master.contains(credential) => Caller::Master,
            principal => Caller::try_from(principal?)?,
        };
        Ok(Self(Authenticated { caller, origin: origin(parts) }))
    }
}

impl FromRequestParts<ControlPlane> for PeopleCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ControlPlane) -> Result<Self, ApiError> {
        const NEEDED: &str = "a key of this API (whm_…) or a JWT is required here";
        let credential = key_before_bearer(&parts.headers)?;
        let caller = match state.gate.authenticate(credential).await {
            Ok(Principal::Opaque(key)) => Caller::Opaque(key),
            Ok(Principal::User(user)) => Caller::User(user),
            Ok(Principal::Client(_) | Principal::Key(_)) => {
                return Err(Denial::WrongCredential(NEEDED).into());
            }
            Err(_) if state.master.contains(credential) => {
                return Err(Denial::WrongCredential(NEEDED).into());
            }
            Err(denial) => return Err(denial.into()),
        };
        Ok(Self(Authenticated { caller, origin: origin(parts) }))
    }
}

impl FromRequestParts<ControlPlane> for PerhapsSignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ControlPlane) -> Result<Self, ApiError> {
        if credential(&parts.headers) == Err(Denial::Missing) {
            return Ok(Self(None));
        }
        SignedInCaller::from_request_parts(parts, state).await.map(|caller| Self(Some(caller)))
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let user_agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self { origin: origin(parts), user_agent: user_agent.unwrap_or_default().to_owned() })
    }
}

/// On the surface of opaque keys, a key in `X-API-Key` decides alone.
fn key_before_bearer(headers: &HeaderMap) -> Result<&str, Denial> {
    let values = |name| headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let nothing = || std::iter::empty::<&[u8]>();
    match bearer_or_header(nothing(), values(API_KEY)) {
        Err(Denial::Missing) => bearer_or_header(values(AUTHORIZATION), nothing()),
        decided => decided,
    }
}

fn credential(headers: &HeaderMap) -> Result<&str, Denial> {
    let values = |name| headers.get_all(name).iter().map(HeaderValue::as_bytes);
    bearer_or_header(values(AUTHORIZATION), values(API_KEY))
}

/// The program puts it there for every request.
fn origin(parts: &Parts) -> Origin {
    parts.extensions.get::<Origin>().cloned().unwrap_or_default()
}
