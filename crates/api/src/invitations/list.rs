//! See the open invitations of a tenant.

use super::view::{InvitationView, PlatformInvitationView};
use crate::ControlPlane;
use crate::caller::{Admin, Authorize, SignedInCaller};
use crate::error::Answer;
use crate::extract::Id;
use crate::reply::{Data, ErrorBody, PlatformErrorBody, Reply, Success};
use axum::extract::State;
use http::StatusCode;
use titan_token::TenantId;

#[utoipa::path(
    get, path = "/admin/tenants/{id}/invitations", tag = "admin: users",
    summary = "See the open invitations of a tenant",
    params(("id" = u32, Path, description = "The number of the tenant")),
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "Invitations: at most 100", body = Data<Vec<InvitationView>>),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 404, description = "No such tenant", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Id(tenant): Id<u32>,
) -> Answer<Reply> {
    let list = state.invitations.list(&caller.permit(None)?, TenantId(tenant)).await?;
    let views: Vec<_> = list.iter().map(InvitationView::from).collect();
    Ok(Reply::data(StatusCode::OK, views))
}

#[utoipa::path(
    get, path = "/api/v1/members/invitations", tag = "platform: people",
    summary = "See the open invitations to one's tenant: for owners",
    security(("jwt" = [])),
    responses(
        (status = 200, description = "Invitations: at most 100", body = Success<Vec<PlatformInvitationView>>),
        (status = 401, description = "The JWT is missing or bad", body = PlatformErrorBody),
        (status = 403, description = "An API key is not enough, or the user is no owner", body = PlatformErrorBody),
    )
)]
pub(crate) async fn platform(State(state): State<ControlPlane>, caller: SignedInCaller) -> Answer<Reply> {
    let list = state.invitations.list(&caller.permit(None)?, caller.user().tenant()).await?;
    let views = list.iter().map(InvitationView::from).map(PlatformInvitationView::from);
    Ok(Reply::success(views.collect::<Vec<_>>()))
}
