//! Roles, as pages name them and offer them.

use titan_core::user::Role;

/// A role to choose.
pub(crate) struct RoleChoice {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) is_chosen: bool,
}

/// All roles, of which the one with this name is chosen.
pub(crate) fn choices(chosen: &str) -> [RoleChoice; 3] {
    Role::ALL.map(|role| RoleChoice {
        name: role.name(),
        title: title(role),
        is_chosen: role.name() == chosen,
    })
}

pub(crate) const fn title(role: Role) -> &'static str {
    match role {
        Role::Admin => "Admin",
        Role::Member => "Member",
        Role::Owner => "Owner",
    }
}
