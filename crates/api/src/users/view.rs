//! A user as the admin's answers show it.

use serde::Serialize;
use titan_core::user::{Membership, Person, User};
use utoipa::ToSchema;

/// A user.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserView {
    /// `usr_…`
    id: String,
    /// Its address.
    email: String,
    /// Off: its sessions have ended, and it cannot sign in.
    is_active: bool,
    /// RFC 3339
    created_at: String,
}

/// A user with its roles.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PersonView {
    #[serde(flatten)]
    user: UserView,
    /// Its role in each tenant.
    memberships: Vec<MembershipView>,
    /// Whether a sign-in needs a second factor.
    has_second_factor: bool,
}

/// A role in a tenant.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MembershipView {
    /// The tenant.
    tenant_id: u32,
    /// `owner`, `admin` or `member`
    role: &'static str,
    /// RFC 3339
    since: String,
}

impl From<&User> for UserView {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.to_string(),
            is_active: user.is_active,
            created_at: user.created_at.to_string(),
        }
    }
}

impl From<&Membership> for MembershipView {
    fn from(membership: &Membership) -> Self {
        Self {
            tenant_id: membership.tenant.0,
            role: membership.role.name(),
            since: membership.since.to_string(),
        }
    }
}

impl From<&Person> for PersonView {
    fn from(person: &Person) -> Self {
        let memberships = person.memberships.iter().map(MembershipView::from).collect();
        let has_second_factor = person.has_second_factor;
        Self { user: UserView::from(&person.user), memberships, has_second_factor }
    }
}
