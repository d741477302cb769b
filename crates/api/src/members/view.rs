//! A member of a tenant as answers show it.

use serde::Serialize;
use titan_core::user::{Membership, Role, User};
use utoipa::ToSchema;

/// A member, as the admin sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberView {
    /// `usr_…`
    user_id: String,
    /// Its address.
    email: String,
    /// `owner`, `admin` or `member`
    role: &'static str,
    /// Whether the user may sign in.
    is_active: bool,
}

impl MemberView {
    pub(super) fn new(user: &User, role: Role) -> Self {
        Self {
            user_id: user.id.to_string(),
            email: user.email.to_string(),
            role: role.name(),
            is_active: user.is_active,
        }
    }
}

/// A member, as the owners of its tenant see it.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlatformMemberView {
    /// `usr_…`
    user_id: String,
    /// Its address.
    email: String,
    /// `owner`, `admin` or `member`
    role: &'static str,
    /// Whether the user may sign in.
    is_active: bool,
}

impl PlatformMemberView {
    pub(super) fn new(user: &User, role: Role) -> Self {
        let MemberView { user_id, email, role, is_active } = MemberView::new(user, role);
        Self { user_id, email, role, is_active }
    }
}

/// The role of a member.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlatformRoleView {
    /// `usr_…`
    user_id: String,
    /// `owner`, `admin` or `member`
    role: &'static str,
    /// Since when it is a member: RFC 3339.
    since: String,
}

impl From<&Membership> for PlatformRoleView {
    fn from(membership: &Membership) -> Self {
        Self {
            user_id: membership.user.to_string(),
            role: membership.role.name(),
            since: membership.since.to_string(),
        }
    }
}
