//! Remove a user from a tenant.

use crate::ControlPlane;
use crate::caller::{Admin, Authorize, SignedInCaller};
use crate::error::Answer;
use crate::extract::{Id, Ids, Query};
use crate::reply::{ErrorBody, PlatformErrorBody, Reply};
use crate::wait::Waiting;
use axum::extract::State;
use titan_token::{TenantId, UserId};

#[utoipa::path(
    delete, path = "/admin/tenants/{id}/members/{user}", tag = "admin: users",
    summary = "Remove a user from a tenant",
    params(
        ("id" = u32, Path, description = "The number of the tenant"),
        ("user" = String, Path, description = "usr_…"),
        Waiting
    ),
    security(("masterKey" = [])),
    responses(
        (status = 202, description = "It is committed, but perhaps not in force everywhere yet (wait=none)"),
        (status = 204, description = "Its sessions there have ended on every instance"),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 404, description = "No such member", body = ErrorBody),
        (status = 409, description = "The tenant would have no owner", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Ids(tenant, user): Ids<u32, UserId>,
    Query(waiting): Query<Waiting>,
) -> Answer<Reply> {
    let (permit, wait) = (caller.permit(None)?, waiting.wait.into());
    let receipt = state.users.remove_member(&permit, TenantId(tenant), user, wait).await?;
    Ok(Reply::empty().receipt(Some(receipt)))
}

#[utoipa::path(
    delete, path = "/api/v1/members/{user}", tag = "platform: people",
    summary = "Remove a user from one's tenant: for owners",
    params(("user" = String, Path, description = "usr_…"), Waiting),
    security(("jwt" = [])),
    responses(
        (status = 202, description = "It is committed, but perhaps not in force everywhere yet (wait=none)"),
        (status = 204, description = "Its sessions and keys there have ended on every instance"),
        (status = 400, description = "A parameter is wrong", body = PlatformErrorBody),
        (status = 401, description = "The JWT is missing or bad", body = PlatformErrorBody),
        (status = 403, description = "An API key is not enough, or the user is no owner", body = PlatformErrorBody),
        (status = 404, description = "No such member", body = PlatformErrorBody),
        (status = 409, description = "The tenant would have no owner", body = PlatformErrorBody),
    )
)]
pub(crate) async fn platform(
    State(state): State<ControlPlane>,
    caller: SignedInCaller,
    Id(user): Id<UserId>,
    Query(waiting): Query<Waiting>,
) -> Answer<Reply> {
    let (permit, wait) = (caller.permit(None)?, waiting.wait.into());
    let receipt = state.users.remove_member(&permit, caller.user().tenant(), user, wait).await?;
    Ok(Reply::empty().receipt(Some(receipt)))
}
