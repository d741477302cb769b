//! Titan's console: pages for people, over the services that the API uses.
//!
//! One file a page, in the folder of its noun. A handler asks a service, with the same permits as the API, and fills a template of
//! `templates/`. Everything works without JavaScript: what `assets/` has of it makes pages nicer. `docs/console.md` describes the
//! pages, and `docs/adr/0029-console.md` the sessions and what protects them.

#![forbid(unsafe_code)]

mod account;
mod answer;
mod assets;
mod audit;
mod audited;
mod chart;
mod client_rules;
mod cookie;
mod csrf;
mod filters;
mod form;
mod guard;
mod guarded;
mod headers;
mod instances;
mod kept;
mod keys;
mod layout;
mod license;
mod members;
mod my_keys;
mod overview;
mod people;
mod policies;
mod posted;
mod proof;
mod receipt;
mod roles;
mod settings;
mod sign_in;
mod signed;
mod signing_keys;
mod tenants;
mod usage;
mod when;

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use std::sync::{Arc, OnceLock};
use titan_core::access::Catalogue;
use titan_core::audit::AuditService;
use titan_core::client_token::ClientTokenService;
use titan_core::console::ConsoleService;
use titan_core::entropy::Entropy;
use titan_core::invitation::InvitationService;
use titan_core::key::KeyService;
use titan_core::license::LicenseService;
use titan_core::revision::{FleetService, Propagation};
use titan_core::session::SessionService;
use titan_core::settings::SettingsService;
use titan_core::signing::SigningKeyService;
use titan_core::tenant::TenantService;
use titan_core::time::Clock;
use titan_core::usage::UsageService;
use titan_core::user::UserService;

pub use guarded::{Guarded, GuardedUpstream};

/// Where the console is.
pub const PATH: &str = "/console";

/// What the pages work with.
#[derive(Clone)]
pub struct Services {
    /// Who has signed in.
    pub console: Arc<ConsoleService>,
    /// The rules of keys.
    pub keys: Arc<KeyService>,
    /// The rules of tenants.
    pub tenants: Arc<TenantService>,
    /// The rules of signing keys.
    pub signing_keys: Arc<SigningKeyService>,
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
    /// The rules of sessions.
    pub sessions: Arc<SessionService>,
    /// The names of scopes.
    pub catalogue: Arc<Catalogue>,
    /// The audit log.
    pub audit: Arc<AuditService>,
    /// How keys are used.
    pub usage: Arc<UsageService>,
    /// What is known of the instances.
    pub fleet: Arc<FleetService>,
    /// Whether changes are in force.
    pub propagation: Arc<dyn Propagation>,
    /// What guards the API.
    pub guarded: Arc<dyn Guarded>,
    /// The port at which callers reach the API, if it is another one than the console's.
    pub api_port: Option<u16>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Names of forms, and of visits.
    pub entropy: Arc<dyn Entropy>,
}

/// The state of the pages.
pub(crate) struct Console {
    services: Services,
    receipts: receipt::Receipts,
}

impl Console {
    /// Where callers reach the API, as far as that is known here.
    pub(crate) fn base(&self, signed: &signed::Signed) -> String {
        let other = self.services.api_port.and_then(|port| with_port(&signed.site, port));
        other.unwrap_or_else(|| signed.site.clone())
    }
}

/// The same site at another port.
fn with_port(site: &str, port: u16) -> Option<String> {
    let uri: http::Uri = site.parse().ok()?;
    Some(format!("{}://{}:{port}", uri.scheme_str()?, uri.host()?))
}

impl std::ops::Deref for Console {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.services
    }
}

/// The state as handlers get it.
pub(crate) type Shared = Arc<Console>;

/// The console's routes. They are made when somebody asks for the first page: until then, they take no memory.
#[derive(Clone)]
pub struct Pages {
    services: Services,
    router: Arc<OnceLock<Router>>,
}

impl Pages {
    /// Pages over these services.
    pub fn new(services: Services) -> Self {
        Self { services, router: Arc::default() }
    }

    /// All routes, from [`PATH`] on.
    pub fn router(&self) -> Router {
        self.router.get_or_init(|| router(self.services.clone())).clone()
    }
}

fn router(services: Services) -> Router {
    let console = Arc::new(Console { services, receipts: receipt::Receipts::default() });
    let pages = Router::new()
        .merge(sign_in::out())
        .merge(overview::routes())
        .merge(receipt::routes())
        .merge(keys::routes())
        .merge(tenants::routes())
        .merge(settings::routes())
        .merge(audit::routes())
        .merge(signing_keys::routes())
        .merge(license::routes())
        .merge(instances::routes())
        .merge(policies::routes())
        .merge(client_rules::routes())
        .merge(people::routes())
        .merge(members::routes())
        .merge(my_keys::routes())
        .merge(account::routes());
    // Whatever page is added above: its forms pass the guard.
    let pages = pages.layer(from_fn_with_state(Arc::clone(&console), guard::guard));
    Router::new()
        .nest(PATH, pages.merge(sign_in::routes()).merge(assets::routes()))
        .route("/console/", axum::routing::get(overview::slash))
        .fallback(answer::no_such_page)
        .method_not_allowed_fallback(answer::no_such_method)
        .layer(map_response(headers::protect))
        .with_state(console)
}

#[cfg(test)]
mod tests {
    use super::with_port;

    #[test]
    fn only_the_port_is_another_one() {
        for (site, api) in [
            ("https://titan1", "https://titan1:8080"),
            ("http://10.0.0.1", "http://10.0.0.1:8080"),
            ("http://10.0.0.1:9090", "http://10.0.0.1:8080"),
            ("https://[::1]", "https://[::1]:8080"),
            ("https://[::1]:9090", "https://[::1]:8080"),
        ] {
            assert_eq!(with_port(site, 8080).as_deref(), Some(api), "{site}");
        }
    }
}
