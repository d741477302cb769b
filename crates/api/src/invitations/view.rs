//! An invitation as answers show it.

use serde::Serialize;
use titan_core::invitation::{Invitation, InvitationService};
use titan_token::PlainToken;
use utoipa::ToSchema;

/// An invitation, as the admin sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvitationView {
    /// `inv_…`
    id: String,
    /// Who is invited.
    email: String,
    /// `owner`, `admin` or `member`
    role: &'static str,
    /// `master`, or the id of the user who invited.
    invited_by: String,
    /// RFC 3339
    created_at: String,
    /// From then on it is refused.
    expires_at: String,
    /// The secret: only in the answer that makes the invitation.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// The link to send, if `invitation_url` is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

/// An invitation, as the owners of its tenant see it.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlatformInvitationView {
    /// `inv_…`
    id: String,
    /// Who is invited.
    email: String,
    /// `owner`, `admin` or `member`
    role: &'static str,
    /// `master`, or the id of the user who invited.
    invited_by: String,
    /// RFC 3339
    created_at: String,
    /// From then on it is refused.
    expires_at: String,
    /// The secret: only in the answer that makes the invitation.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// The link to send, if `invitation_url` is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

impl From<&Invitation> for InvitationView {
    fn from(invitation: &Invitation) -> Self {
        Self {
            id: invitation.id.to_string(),
            email: invitation.email.to_string(),
            role: invitation.role.name(),
            invited_by: invitation.invited_by.map_or_else(|| "master".to_owned(), |id| id.to_string()),
            created_at: invitation.created_at.to_string(),
            expires_at: invitation.expires_at.to_string(),
            token: None,
            link: None,
        }
    }
}

impl InvitationView {
    pub(super) fn made(service: &InvitationService, invitation: &Invitation, token: &PlainToken) -> Self {
        let (text, link) = (token.expose().to_owned(), service.link(token));
        Self { token: Some(text), link, ..Self::from(invitation) }
    }
}

impl From<InvitationView> for PlatformInvitationView {
    fn from(view: InvitationView) -> Self {
        let InvitationView { id, email, role, invited_by, created_at, expires_at, token, link } = view;
        Self { id, email, role, invited_by, created_at, expires_at, token, link }
    }
}
