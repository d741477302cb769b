//! Who may do what: pure functions from a proven caller to a [`Permit`] or a [`Denial`].

mod caller;
mod credential;
mod denial;
mod gate;
mod held;
mod permit;
mod scope;

pub use caller::{
    Caller, KeyPrincipal, OpaquePrincipal, Origin, Principal, ProvenClient, ProvenJwt, ProvenOpaque,
    Retirement, UserPrincipal,
};
pub use credential::bearer_or_header;
pub use denial::Denial;
pub use gate::{Gate, MASTER_KEY_LENGTH, MasterKeys};
pub use held::Held;
pub use permit::{
    Action, By, CreateKey, DeleteKey, DisableKey, ImportKeys, ListKeys, ManageClientTokens, ManageLicense,
    ManageMembers, ManageOpaqueKeys, ManageOwnKeys, ManageOwnSessions, ManageSealKey, ManageSettings,
    ManageSigningKeys, ManageTenants, ManageUsers, ObserveInstances, Permit, Reach, ReadAudit, ReadKey,
    ReadPolicies, ReadUsage, RotateKey, USER_NEEDED, UpdateKey, VerifyKeys, decide,
};
pub use scope::{Catalogue, CatalogueError, KEYS_MANAGE, KEYS_VERIFY, SESSIONS_MANAGE, USAGE_READ};
