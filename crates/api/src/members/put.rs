//! Give a user a role in a tenant, or another one.

use super::view::PlatformRoleView;
use crate::ControlPlane;
use crate::caller::{Admin, Authorize, SignedInCaller};
use crate::error::Answer;
use crate::extract::{Id, Ids, Json, Query};
use crate::reply::{Data, ErrorBody, PlatformErrorBody, Reply, Success};
use crate::users::MembershipView;
use crate::wait::Waiting;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use titan_core::user::Role;
use titan_core::wire::required;
use titan_token::{TenantId, UserId};
use utoipa::ToSchema;

/// The role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PutMember)]
pub(crate) struct Body {
    /// `owner`, `admin` or `member`
    #[schema(required, nullable = false)]
    role: Option<String>,
}

#[utoipa::path(
    put, path = "/admin/tenants/{id}/members/{user}", tag = "admin: users",
    summary = "Give a user a role in a tenant, or another one",
    params(
        ("id" = u32, Path, description = "The number of the tenant"),
        ("user" = String, Path, description = "usr_…"),
        Waiting
    ),
    request_body = Body,
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "The role: JWTs with another one are refused from now on", body = Data<MembershipView>),
        (status = 202, description = "The same, perhaps not in force everywhere yet (wait=none)", body = Data<MembershipView>),
        (status = 400, description = "A field is wrong", body = ErrorBody),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 404, description = "No such tenant or user", body = ErrorBody),
        (status = 409, description = "The tenant would have no owner", body = ErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = ErrorBody),
        (status = 415, description = "The body is not JSON", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Ids(tenant, user): Ids<u32, UserId>,
    Query(waiting): Query<Waiting>,
    Json(body): Json<Body>,
) -> Answer<Reply> {
    let role = Role::parse(&required("role", body.role)?)?;
    let (permit, wait) = (caller.permit(None)?, waiting.wait.into());
    let (membership, receipt) = state.users.put_member(&permit, TenantId(tenant), user, role, wait).await?;
    Ok(Reply::data(StatusCode::OK, MembershipView::from(&membership)).receipt(Some(receipt)))
}

#[utoipa::path(
    put, path = "/api/v1/members/{user}", tag = "platform: people",
    summary = "Give a member of one's tenant another role: for owners",
    params(("user" = String, Path, description = "usr_…"), Waiting),
    request_body = Body,
    security(("jwt" = [])),
    responses(
        (status = 200, description = "The role: JWTs with another one are refused from now on", body = Success<PlatformRoleView>),
        (status = 202, description = "The same, perhaps not in force everywhere yet (wait=none)", body = Success<PlatformRoleView>),
        (status = 400, description = "A field is wrong", body = PlatformErrorBody),
        (status = 401, description = "The JWT is missing or bad", body = PlatformErrorBody),
        (status = 403, description = "An API key is not enough, or the user is no owner", body = PlatformErrorBody),
        (status = 404, description = "No such member", body = PlatformErrorBody),
        (status = 409, description = "The tenant would have no owner", body = PlatformErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = PlatformErrorBody),
        (status = 415, description = "The body is not JSON", body = PlatformErrorBody),
    )
)]
pub(crate) async fn platform(
    State(state): State<ControlPlane>,
    caller: SignedInCaller,
    Id(user): Id<UserId>,
    Query(waiting): Query<Waiting>,
    Json(body): Json<Body>,
) -> Answer<Reply> {
    let role = Role::parse(&required("role", body.role)?)?;
    let (permit, wait) = (caller.permit(None)?, waiting.wait.into());
    let tenant = caller.user().tenant();
    let (membership, receipt) = state.users.put_member(&permit, tenant, user, role, wait).await?;
    Ok(Reply::success(PlatformRoleView::from(&membership)).receipt(Some(receipt)))
}
