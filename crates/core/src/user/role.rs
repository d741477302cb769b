//! What a user may do in a tenant.

use crate::access::Catalogue;
use crate::error::Error;
use std::fmt;
use titan_token::ScopeSet;

/// A role, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Works with the guarded API.
    Member,
    /// Manages keys as well.
    Admin,
    /// Manages people as well.
    Owner,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Member, Self::Admin, Self::Owner];

    /// The role with this name.
    pub fn parse(name: &str) -> Result<Self, Error> {
        let role = Self::ALL.into_iter().find(|role| role.name() == name);
        role.ok_or_else(|| Error::invalid("role: must be owner, admin or member"))
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Its place in [`Self::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::Member => 0,
            Self::Admin => 1,
            Self::Owner => 2,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The scopes of each role in this deployment.
#[derive(Clone, Copy, Debug)]
pub struct Roles([ScopeSet; 3]);

impl Roles {
    /// The scopes of a member, unless the operator names others.
    pub const MEMBER: [&'static str; 8] = [
        "tasks:read",
        "tasks:write",
        "executions:read",
        "executions:write",
        "data:read",
        "analytics:read",
        "sessions:read",
        "messages:write",
    ];
    /// The scopes of an admin and of an owner, unless the operator names others.
    pub const ALL: [&'static str; 1] = ["*"];

    /// From the names of the scopes of each role, of which there may be none. An unknown name is an error of its role.
    pub fn new<'a>(
        catalogue: &Catalogue,
        names: impl Fn(Role) -> &'a [String],
    ) -> Result<Self, (Role, Error)> {
        let mut scopes = [ScopeSet::EMPTY; 3];
        for role in Role::ALL.into_iter().filter(|role| !names(*role).is_empty()) {
            let bits = catalogue.parse(names(role)).map_err(|error| (role, error))?;
            scopes[role.index()] = bits.into_iter().collect();
        }
        Ok(Self(scopes))
    }

    /// No scopes for any role.
    pub fn none() -> Self {
        Self([ScopeSet::EMPTY; 3])
    }

    /// The scopes of a role.
    pub fn scopes(&self, role: Role) -> ScopeSet {
        self.0[role.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stronger_role_is_a_greater_one() {
        assert!(Role::Owner > Role::Admin && Role::Admin > Role::Member);
        for role in Role::ALL {
            assert_eq!(Role::parse(role.name()).unwrap(), role);
        }
        assert_eq!(Role::parse("Owner").unwrap_err().message(), "role: must be owner, admin or member");
    }

    #[test]
    fn every_role_has_its_own_scopes() {
        let catalogue = Catalogue::new([]).unwrap();
        let (some, all) = (["tasks:read".to_owned()], ["*".to_owned()]);
        let names = |role| match role {
            Role::Member => some.as_slice(),
            Role::Admin | Role::Owner => &all,
        };
        let roles = Roles::new(&catalogue, names).unwrap();
        assert_eq!(roles.scopes(Role::Member), ScopeSet::EMPTY.with(catalogue.bit("tasks:read").unwrap()));
        assert!(catalogue.covers(roles.scopes(Role::Admin), catalogue.bit("tasks:write").unwrap()));
        let unknown = ["no:such".to_owned()];
        let (role, error) = Roles::new(&catalogue, |_| unknown.as_slice()).unwrap_err();
        assert_eq!((role, error.message()), (Role::Member, "unknown scope: no:such"));
    }
}
