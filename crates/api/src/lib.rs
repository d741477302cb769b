//! Titan's control plane: HTTP in, one service call, HTTP out.
//!
//! One file an endpoint; where two surfaces have the same endpoint, both stand in it. A handler translates:
//! the rule is in `titan-core`. Every route is registered together with its OpenAPI description, so the
//! document has them all, and a test holds a table of principals against it.

#![forbid(unsafe_code)]

mod audit;
mod caller;
mod client_tokens;
mod docs;
mod error;
mod extract;
mod health;
mod imported_keys;
mod instances;
mod invitations;
mod jwks;
mod keys;
mod license;
mod members;
mod metrics;
mod oauth2;
mod opaque_keys;
mod platform_keys;
mod reply;
mod revisions;
mod seal_key;
mod second_factor;
mod sessions;
mod settings;
mod signing_keys;
mod style;
mod tenants;
mod usage;
mod users;
mod wait;

use axum::Router;
use std::sync::Arc;
use titan_core::access::{Catalogue, Gate, MasterKeys};
use titan_core::audit::AuditService;
use titan_core::client_token::ClientTokenService;
use titan_core::holder::HolderService;
use titan_core::invitation::InvitationService;
use titan_core::key::KeyService;
use titan_core::license::LicenseService;
use titan_core::opaque::OpaqueKeyService;
use titan_core::revision::FleetService;
use titan_core::seal::SealKeyService;
use titan_core::session::SessionService;
use titan_core::settings::SettingsService;
use titan_core::signing::SigningKeyService;
use titan_core::tenant::TenantService;
use titan_core::usage::UsageService;
use titan_core::user::UserService;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

pub use docs::document;
pub use error::ApiError;
pub use health::Health;
pub use metrics::{Expose, Exposition};

/// What handlers work with.
#[derive(Clone)]
pub struct ControlPlane {
    /// Proves API keys.
    pub gate: Arc<dyn Gate>,
    /// Proves the master key.
    pub master: Arc<MasterKeys>,
    /// The rules of keys.
    pub keys: Arc<KeyService>,
    /// The rules of tenants.
    pub tenants: Arc<TenantService>,
    /// The rules of signing keys.
    pub signing_keys: Arc<SigningKeyService>,
    /// The rules of the seal key.
    pub seal_key: Arc<SealKeyService>,
    /// The rules of the settings.
    pub settings: Arc<SettingsService>,
    /// The rules of client tokens.
    pub client_tokens: Arc<ClientTokenService>,
    /// The license.
    pub license: Arc<LicenseService>,
    /// The rules of users.
    pub users: Arc<UserService>,
    /// The rules of invitations.
    pub invitations: Arc<InvitationService>,
    /// The rules of opaque keys.
    pub opaque_keys: Arc<OpaqueKeyService>,
    /// The rules of sessions.
    pub sessions: Arc<SessionService>,
    /// The names of scopes.
    pub catalogue: Arc<Catalogue>,
    /// The rules of whoever holds a credential.
    pub holders: Arc<HolderService>,
    /// The audit log.
    pub audit: Arc<AuditService>,
    /// How keys are used.
    pub usage: Arc<UsageService>,
    /// What is known of the instances.
    pub fleet: Arc<FleetService>,
    /// Whether requests can be answered.
    pub health: Arc<dyn Fn() -> Health + Send + Sync>,
    /// The numbers of this process, in a format that `Accept` names.
    pub metrics: Arc<Expose>,
}

fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new()
        .merge(health::routes())
        .merge(metrics::routes())
        .merge(jwks::routes())
        .merge(keys::routes())
        .merge(client_tokens::routes())
        .merge(tenants::routes())
        .merge(seal_key::routes())
        .merge(signing_keys::routes())
        .merge(settings::routes())
        .merge(license::routes())
        .merge(imported_keys::routes())
        .merge(audit::routes())
        .merge(usage::routes())
        .merge(oauth2::routes())
        .merge(instances::routes())
        .merge(revisions::routes())
        .merge(users::routes())
        .merge(members::routes())
        .merge(invitations::routes())
        .merge(sessions::routes())
        .merge(platform_keys::routes())
        .merge(opaque_keys::routes())
        .merge(second_factor::routes())
}

/// The control plane's routes. `others` are the documents of routes that are served elsewhere.
pub fn router(state: ControlPlane, others: Vec<OpenApi>) -> Router {
    let document = Arc::new(document(others));
    let (router, _) = routes().split_for_parts();
    router
        .merge(docs::routes(&document))
        .fallback(error::no_such_page)
        .method_not_allowed_fallback(error::no_such_method)
        .layer(axum::middleware::from_fn(style::restyle))
        .with_state(state)
}
