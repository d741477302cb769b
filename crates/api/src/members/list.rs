//! See the people of a tenant.

use super::view::{MemberView, PlatformMemberView};
use crate::ControlPlane;
use crate::caller::{Admin, Authorize, SignedInCaller};
use crate::error::Answer;
use crate::extract::{Id, Query};
use crate::keys::check_limit;
use crate::reply::{ErrorBody, List, PlatformErrorBody, PlatformList, Reply};
use crate::users::parse_cursor;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use titan_token::TenantId;
use utoipa::IntoParams;

/// Which part of the list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Params {
    /// How many at most: 1 to 1000, usually 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `nextCursor` of the part before.
    cursor: Option<String>,
}

#[utoipa::path(
    get, path = "/admin/tenants/{id}/members", tag = "admin: users", summary = "See the people of a tenant",
    params(("id" = u32, Path, description = "The number of the tenant"), Params),
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "Members", body = List<MemberView>),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 404, description = "No such tenant", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Id(tenant): Id<u32>,
    Query(query): Query<Params>,
) -> Answer<Reply> {
    let (limit, after) = (check_limit(query.limit)?, parse_cursor(query.cursor.as_deref())?);
    let (members, next) = state.users.members(&caller.permit(None)?, TenantId(tenant), after, limit).await?;
    let data = members.iter().map(|(user, role)| MemberView::new(user, *role)).collect();
    Ok(Reply::body(StatusCode::OK, &List { data, next_cursor: next.map(|id| id.to_string()) }))
}

#[utoipa::path(
    get, path = "/api/v1/members", tag = "platform: people", summary = "See the people of one's tenant: for owners",
    params(Params),
    security(("jwt" = [])),
    responses(
        (status = 200, description = "Members", body = PlatformList<PlatformMemberView>),
        (status = 400, description = "A parameter is wrong", body = PlatformErrorBody),
        (status = 401, description = "The JWT is missing or bad", body = PlatformErrorBody),
        (status = 403, description = "An API key is not enough, or the user is no owner", body = PlatformErrorBody),
    )
)]
pub(crate) async fn platform(
    State(state): State<ControlPlane>,
    caller: SignedInCaller,
    Query(query): Query<Params>,
) -> Answer<Reply> {
    let (limit, after) = (check_limit(query.limit)?, parse_cursor(query.cursor.as_deref())?);
    let tenant = caller.user().tenant();
    let (members, next) = state.users.members(&caller.permit(None)?, tenant, after, limit).await?;
    let views = members.iter().map(|(user, role)| PlatformMemberView::new(user, *role)).collect();
    Ok(Reply::success_list(views, next.map(|id| id.to_string())))
}
