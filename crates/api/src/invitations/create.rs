//! Invite somebody to a tenant.

use super::view::{InvitationView, PlatformInvitationView};
use crate::ControlPlane;
use crate::caller::{Admin, Authorize, SignedInCaller};
use crate::error::Answer;
use crate::extract::{Id, Json};
use crate::reply::{Data, ErrorBody, PlatformErrorBody, Reply, Success};
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use titan_core::user::Role;
use titan_core::wire::required;
use titan_token::TenantId;
use utoipa::ToSchema;

/// Who is invited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Invite)]
pub(crate) struct Body {
    /// The address.
    #[schema(required, nullable = false)]
    email: Option<String>,
    /// `owner`, `admin` or `member`
    #[schema(required, nullable = false)]
    role: Option<String>,
}

#[utoipa::path(
    post, path = "/admin/tenants/{id}/invitations", tag = "admin: users", summary = "Invite somebody to a tenant",
    params(("id" = u32, Path, description = "The number of the tenant")),
    request_body = Body,
    security(("masterKey" = [])),
    responses(
        (status = 201, description = "The invitation, with its secret, shown this once", body = Data<InvitationView>),
        (status = 400, description = "A field is wrong", body = ErrorBody),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 404, description = "No such tenant", body = ErrorBody),
        (status = 409, description = "A member already, or too many invitations", body = ErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = ErrorBody),
        (status = 415, description = "The body is not JSON", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Id(tenant): Id<u32>,
    Json(body): Json<Body>,
) -> Answer<Reply> {
    Ok(Reply::data(StatusCode::CREATED, invite(&state, &caller, TenantId(tenant), body).await?))
}

#[utoipa::path(
    post, path = "/api/v1/members/invitations", tag = "platform: people",
    summary = "Invite somebody to one's tenant: for owners",
    request_body = Body,
    security(("jwt" = [])),
    responses(
        (status = 201, description = "The invitation, with its secret, shown this once", body = Success<PlatformInvitationView>),
        (status = 400, description = "A field is wrong", body = PlatformErrorBody),
        (status = 401, description = "The JWT is missing or bad", body = PlatformErrorBody),
        (status = 403, description = "An API key is not enough, or the user is no owner", body = PlatformErrorBody),
        (status = 409, description = "A member already, or too many invitations", body = PlatformErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = PlatformErrorBody),
        (status = 415, description = "The body is not JSON", body = PlatformErrorBody),
    )
)]
pub(crate) async fn platform(
    State(state): State<ControlPlane>,
    caller: SignedInCaller,
    Json(body): Json<Body>,
) -> Answer<Reply> {
    let view = invite(&state, &caller, caller.user().tenant(), body).await?;
    Ok(Reply::success_with(StatusCode::CREATED, PlatformInvitationView::from(view)))
}

async fn invite(
    state: &ControlPlane,
    caller: &impl Authorize,
    tenant: TenantId,
    body: Body,
) -> Answer<InvitationView> {
    let (email, role) = (required("email", body.email)?, Role::parse(&required("role", body.role)?)?);
    let (invitation, token) = state.invitations.invite(&caller.permit(None)?, tenant, &email, role).await?;
    Ok(InvitationView::made(&state.invitations, &invitation, &token))
}
