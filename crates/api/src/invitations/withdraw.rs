//! Take an invitation back.

use crate::ControlPlane;
use crate::caller::{Admin, Authorize, SignedInCaller};
use crate::error::Answer;
use crate::extract::{Id, Ids};
use crate::reply::{ErrorBody, PlatformErrorBody, Reply};
use axum::extract::State;
use titan_token::{InvitationId, TenantId};

#[utoipa::path(
    delete, path = "/admin/tenants/{id}/invitations/{invitation}", tag = "admin: users",
    summary = "Take an invitation back",
    params(
        ("id" = u32, Path, description = "The number of the tenant"),
        ("invitation" = String, Path, description = "inv_…"),
    ),
    security(("masterKey" = [])),
    responses(
        (status = 204, description = "Nobody can accept it any more"),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 404, description = "No such invitation, or it was accepted", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Ids(tenant, id): Ids<u32, InvitationId>,
) -> Answer<Reply> {
    state.invitations.withdraw(&caller.permit(None)?, TenantId(tenant), id).await?;
    Ok(Reply::empty())
}

#[utoipa::path(
    delete, path = "/api/v1/members/invitations/{invitation}", tag = "platform: people",
    summary = "Take an invitation to one's tenant back: for owners",
    params(("invitation" = String, Path, description = "inv_…")),
    security(("jwt" = [])),
    responses(
        (status = 204, description = "Nobody can accept it any more"),
        (status = 401, description = "The JWT is missing or bad", body = PlatformErrorBody),
        (status = 403, description = "An API key is not enough, or the user is no owner", body = PlatformErrorBody),
        (status = 404, description = "No such invitation, or it was accepted", body = PlatformErrorBody),
    )
)]
pub(crate) async fn platform(
    State(state): State<ControlPlane>,
    caller: SignedInCaller,
    Id(id): Id<InvitationId>,
) -> Answer<Reply> {
    state.invitations.withdraw(&caller.permit(None)?, caller.user().tenant(), id).await?;
    Ok(Reply::empty())
}
