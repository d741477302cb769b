//! A member of a tenant as answers show it.

use serde::Serialize;
use titan_core::user::{Role, User};
use utoipa::ToSchema;

/// A member.
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
