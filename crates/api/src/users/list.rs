//! See all users, or those of a tenant.

use super::view::UserView;
use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::extract::Query;
use crate::keys::check_limit;
use crate::reply::{ErrorBody, List, Reply};
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use titan_core::Error;
use titan_token::{TenantId, UserId};
use utoipa::IntoParams;

/// Which part of the list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Params {
    /// Only the members of this tenant.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
    tenant_id: Option<u32>,
    /// How many at most: 1 to 1000, usually 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `nextCursor` of the part before.
    cursor: Option<String>,
}

#[utoipa::path(
    get, path = "/admin/users", tag = "admin: users", summary = "See users, in the order in which they were made",
    params(Params),
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "Users", body = List<UserView>),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Query(query): Query<Params>,
) -> Answer<Reply> {
    let (limit, after) = (check_limit(query.limit)?, parse_cursor(query.cursor.as_deref())?);
    let tenant = query.tenant_id.map(TenantId);
    let (users, next) = state.users.list(&caller.permit(None)?, tenant, after, limit).await?;
    let data = users.iter().map(UserView::from).collect();
    Ok(Reply::body(StatusCode::OK, &List { data, next_cursor: next.map(|id| id.to_string()) }))
}

/// The cursor of a list of users is the id of the last one.
pub(crate) fn parse_cursor(cursor: Option<&str>) -> Result<Option<UserId>, Error> {
    let id = cursor.map(str::parse).transpose();
    id.map_err(|_| Error::invalid("cursor: must be the nextCursor of an answer"))
}
