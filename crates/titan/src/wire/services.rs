//! The services of the control plane.

use crate::config::Settings;
use crate::metrics::Metrics;
use crate::passwords::Passwords;
use std::sync::Arc;
use titan_api::{ControlPlane, Health};
use titan_console::Guarded;
use titan_core::access::{Catalogue, MasterKeys};
use titan_core::audit::AuditService;
use titan_core::client_token::ClientTokenService;
use titan_core::console::ConsoleService;
use titan_core::entropy::Entropy;
use titan_core::holder::HolderService;
use titan_core::invitation::InvitationService;
use titan_core::key::{KeyService, RoleScopes};
use titan_core::license::{Installed, LicenseService, SessionCounter};
use titan_core::opaque::OpaqueKeyService;
use titan_core::port::Store;
use titan_core::revision::{FleetService, Propagation};
use titan_core::seal::SealKeyService;
use titan_core::session::SessionService;
use titan_core::settings::{LogControl, SettingsService};
use titan_core::signing::SigningKeyService;
use titan_core::tenant::TenantService;
use titan_core::time::Clock;
use titan_core::usage::UsageService;
use titan_core::user::{PasswordWork, Roles, UserService};
use titan_edge::{Follower, Guard, Readiness};

/// What the services are made of.
pub(super) struct Services<'a> {
    pub(super) settings: &'a Settings,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) roles: Roles,
    pub(super) guard: Arc<Guard>,
    pub(super) follower: Arc<Follower>,
    pub(super) log: Arc<dyn LogControl>,
    pub(super) license: Arc<Installed>,
}

impl Services<'_> {
    pub(super) fn control_plane(&self, master: Arc<MasterKeys>, metrics: Arc<Metrics>) -> ControlPlane {
        let passwords: Arc<dyn PasswordWork> = Arc::new(Passwords::new(self.entropy()));
        ControlPlane {
            gate: Arc::<Guard>::clone(&self.guard),
            master,
            keys: Arc::new(self.keys()),
            tenants: Arc::new(TenantService::new(self.store(), self.clock(), self.propagation())),
            signing_keys: Arc::new(self.signing_keys()),
            seal_key: Arc::new(SealKeyService::new(self.store(), self.clock())),
            settings: Arc::new(self.settings()),
            client_tokens: Arc::new(self.client_tokens()),
            license: Arc::new(LicenseService::new(self.store(), self.clock(), Arc::clone(&self.license))),
            users: Arc::new(self.users(Arc::clone(&passwords))),
            invitations: Arc::new(self.invitations(Arc::clone(&passwords))),
            opaque_keys: Arc::new(self.opaque_keys()),
            sessions: Arc::new(self.sessions(passwords)),
            catalogue: Arc::clone(&self.catalogue),
            holders: Arc::new(HolderService::new(self.store(), self.clock(), self.propagation())),
            audit: Arc::new(AuditService::new(self.store())),
            usage: Arc::new(self.usage()),
            fleet: Arc::new(FleetService::new(self.store(), Arc::<Follower>::clone(&self.follower))),
            health: health(&self.follower),
            metrics: Arc::new(move |accept| metrics.expose(accept)),
        }
    }

    /// The same services, for pages.
    pub(super) fn console(
        &self,
        control: &ControlPlane,
        guarded: Arc<dyn Guarded>,
    ) -> titan_console::Services {
        let (gate, master) = (Arc::clone(&control.gate), Arc::clone(&control.master));
        let sessions = Arc::clone(&control.sessions);
        let console = ConsoleService::new(
            self.store(),
            self.clock(),
            self.entropy(),
            self.propagation(),
            gate,
            master,
            sessions,
        );
        titan_console::Services {
            console: Arc::new(console),
            keys: Arc::clone(&control.keys),
            tenants: Arc::clone(&control.tenants),
            signing_keys: Arc::clone(&control.signing_keys),
            settings: Arc::clone(&control.settings),
            client_tokens: Arc::clone(&control.client_tokens),
            license: Arc::clone(&control.license),
            users: Arc::clone(&control.users),
            invitations: Arc::clone(&control.invitations),
            sessions: Arc::clone(&control.sessions),
            catalogue: Arc::clone(&control.catalogue),
            audit: Arc::clone(&control.audit),
            usage: Arc::clone(&control.usage),
            fleet: Arc::clone(&control.fleet),
            propagation: self.propagation(),
            guarded,
            api_port: self.settings.admin_listen.map(|_| self.settings.listen.port()),
            clock: self.clock(),
            entropy: self.entropy(),
        }
    }

    fn usage(&self) -> UsageService {
        UsageService::new(self.store(), self.clock(), self.settings.usage)
    }

    fn keys(&self) -> KeyService {
        KeyService::new(
            self.store(),
            self.clock(),
            self.entropy(),
            self.propagation(),
            Arc::clone(&self.catalogue),
            self.role_scopes(),
            self.settings.max_lifetime_days,
        )
    }

    fn signing_keys(&self) -> SigningKeyService {
        SigningKeyService::new(self.store(), self.clock(), self.entropy(), self.propagation())
    }

    fn settings(&self) -> SettingsService {
        SettingsService::new(self.store(), self.clock(), self.propagation(), Arc::clone(&self.log))
    }

    fn users(&self, passwords: Arc<dyn PasswordWork>) -> UserService {
        UserService::new(
            self.store(),
            self.clock(),
            self.entropy(),
            self.propagation(),
            passwords,
            self.role_scopes(),
        )
    }

    fn invitations(&self, passwords: Arc<dyn PasswordWork>) -> InvitationService {
        let page = self.settings.invitation_url.clone();
        InvitationService::new(self.store(), self.clock(), self.entropy(), passwords, page)
    }

    fn sessions(&self, passwords: Arc<dyn PasswordWork>) -> SessionService {
        SessionService::new(
            self.store(),
            self.clock(),
            self.entropy(),
            self.propagation(),
            passwords,
            Arc::clone(&self.catalogue),
            self.roles,
            self.settings.jwt.clone(),
        )
    }

    fn client_tokens(&self) -> ClientTokenService {
        let jwt = self.settings.jwt.clone();
        ClientTokenService::new(self.store(), self.clock(), self.entropy(), self.propagation(), jwt)
    }

    fn opaque_keys(&self) -> OpaqueKeyService {
        OpaqueKeyService::new(self.store(), self.clock(), self.entropy(), self.propagation())
    }

    pub(super) fn session_counter(&self) -> SessionCounter {
        let gateway = &self.settings.gateway;
        let longest = gateway.connect_timeout + gateway.answer_timeout;
        let license = Arc::clone(&self.license);
        SessionCounter::new(self.store(), self.clock(), self.entropy(), license, longest)
    }

    fn role_scopes(&self) -> RoleScopes {
        RoleScopes::new(Arc::clone(&self.catalogue), self.roles)
    }

    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    fn entropy(&self) -> Arc<dyn Entropy> {
        Arc::clone(&self.entropy)
    }

    fn propagation(&self) -> Arc<dyn Propagation> {
        Arc::<Follower>::clone(&self.follower)
    }
}

fn health(follower: &Arc<Follower>) -> Arc<dyn Fn() -> Health + Send + Sync> {
    let follower = Arc::clone(follower);
    Arc::new(move || match follower.readiness() {
        Readiness::Lapsed => Health::RevocationStateUnknown,
        Readiness::Ready => Health::Ok,
        Readiness::Starting => Health::Starting,
    })
}
