//! Give a user a role in a tenant, or another one.

use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::extract::{Ids, Json, Query};
use crate::reply::{Data, ErrorBody, Reply};
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
