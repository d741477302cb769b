//! Users and sessions as the platform's answers show them.

use crate::ControlPlane;
use serde::Serialize;
use titan_core::session::{Session, SignedIn};
use titan_core::time::Timestamp;
use titan_core::user::{Role, User};
use titan_token::{SessionId, TenantId};
use utoipa::ToSchema;

/// Who has signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignedInUser {
    /// `usr_…`
    id: String,
    /// Its address.
    email: String,
    /// The tenant.
    tenant_id: u32,
    /// `owner`, `admin` or `member`
    role: &'static str,
    /// What the role may do.
    scopes: Vec<String>,
}

impl SignedInUser {
    pub(super) fn new(state: &ControlPlane, user: &User, tenant: TenantId, role: Role) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.to_string(),
            tenant_id: tenant.0,
            role: role.name(),
            scopes: state.sessions.scope_names(role),
        }
    }
}

/// New tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tokens {
    /// A JWT, for `Authorization: Bearer`.
    token: String,
    /// When the JWT expires: RFC 3339.
    expires_at: String,
    /// For POST /api/v1/auth/refresh, once.
    refresh_token: String,
    /// Who has signed in.
    user: SignedInUser,
}

impl Tokens {
    pub(super) fn new(state: &ControlPlane, signed_in: &SignedIn) -> Self {
        let session = &signed_in.session;
        Self {
            token: signed_in.token.expose().to_owned(),
            expires_at: signed_in.expires_at.to_string(),
            refresh_token: signed_in.refresh_token.expose().to_owned(),
            user: SignedInUser::new(state, &signed_in.user, session.tenant, signed_in.role),
        }
    }
}

/// A session.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// `ses_…`
    id: String,
    /// The tenant.
    tenant_id: u32,
    /// RFC 3339
    created_at: String,
    /// RFC 3339
    refreshed_at: String,
    /// RFC 3339
    expires_at: String,
    /// From where it was begun.
    ip: String,
    /// With what it was begun.
    user_agent: String,
    /// Whether it is the one that asks.
    is_current: bool,
}

impl SessionView {
    pub(super) fn new(session: &Session, current: SessionId) -> Self {
        let text = |at: Timestamp| at.whole_seconds().to_string();
        Self {
            id: session.id.to_string(),
            tenant_id: session.tenant.0,
            created_at: text(session.created_at),
            refreshed_at: text(session.refreshed_at),
            expires_at: text(session.expires_at),
            ip: session.ip.clone(),
            user_agent: session.user_agent.clone(),
            is_current: session.id == current,
        }
    }
}
