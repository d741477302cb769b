//! See all tenants.

use super::view::TenantView;
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
    get, path = "/admin/tenants", tag = "admin: tenants", summary = "See all tenants, by number", params(Params),
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "Tenants", body = List<TenantView>),
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
    let limit = check_limit(query.limit)?;
    let after = query.cursor.as_deref().map(str::parse).transpose();
    let after = after.map_err(|_| Error::invalid("cursor: must be the nextCursor of an answer"))?;
    let (tenants, next) = state.tenants.list(&caller.permit(None)?, after.map(TenantId), limit).await?;
    let data = tenants.iter().map(TenantView::from).collect();
    Ok(Reply::body(StatusCode::OK, &List { data, next_cursor: next.map(|id| id.to_string()) }))
}
