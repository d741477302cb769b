//! See all keys.

use super::view::KeyView;
use crate::ControlPlane;
use crate::caller::{Account, Admin, Authorize};
use crate::error::Answer;
use crate::extract::Query;
use crate::reply::{ErrorBody, List, Reply};
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use titan_core::Error;
use titan_core::access::{ListKeys, Permit};
use titan_core::key::KeyFilter;
use titan_token::TenantId;
use utoipa::IntoParams;

const MOST: u32 = 1000;
const USUAL: u32 = 100;

/// Which part of the list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AccountQuery {
    /// How many at most: 1 to 1000, usually 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `nextCursor` of the part before.
    cursor: Option<String>,
    /// Only those whose `isActive` is this.
    active: Option<bool>,
}

/// Which part of the list, and whose keys.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AdminQuery {
    /// How many at most: 1 to 1000, usually 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `nextCursor` of the part before.
    cursor: Option<String>,
    /// Only those whose `isActive` is this.
    active: Option<bool>,
    /// Only those of this tenant.
    #[serde(rename = "tenantId")]
    #[param(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
    tenant_id: Option<u32>,
}

#[utoipa::path(
    get, path = "/admin/keys", tag = "admin: keys", summary = "See all keys, newest first", params(AdminQuery),
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "Keys", body = List<KeyView>),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Query(query): Query<AdminQuery>,
) -> Answer<Reply> {
    let filter = KeyFilter {
        tenant: query.tenant_id.map(TenantId),
        ..filter(query.limit, query.cursor.as_deref(), query.active)?
    };
    list(&state, &caller.permit(None)?, filter).await
}

#[utoipa::path(
    get, path = "/api/account/keys", tag = "account: keys", summary = "See the tenant's keys, newest first",
    params(AccountQuery),
    security(("apiKey" = ["keys:manage"]), ("apiKeyHeader" = ["keys:manage"])),
    responses(
        (status = 200, description = "Keys", body = List<KeyView>),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
        (status = 401, description = "The API key is missing or bad", body = ErrorBody),
        (status = 403, description = "The API key lacks keys:manage", body = ErrorBody),
    )
)]
pub(crate) async fn account(
    State(state): State<ControlPlane>,
    caller: Account,
    Query(query): Query<AccountQuery>,
) -> Answer<Reply> {
    let filter = filter(query.limit, query.cursor.as_deref(), query.active)?;
    Ok(list(&state, &caller.permit(None)?, filter).await?.with_deprecation(caller.key()))
}

async fn list(state: &ControlPlane, permit: &Permit<ListKeys>, filter: KeyFilter) -> Answer<Reply> {
    let page = state.keys.list(permit, filter).await?;
    let data = page.keys.iter().map(|key| KeyView::new(&state.keys, key)).collect();
    let next_cursor = page.next.map(|id| id.to_string());
    Ok(Reply::body(StatusCode::OK, &List { data, next_cursor }))
}

fn filter(limit: Option<u32>, cursor: Option<&str>, is_active: Option<bool>) -> Result<KeyFilter, Error> {
    let limit = check_limit(limit)?;
    let before = cursor.map(str::parse).transpose();
    let before = before.map_err(|_| Error::invalid("cursor: must be the nextCursor of an answer"))?;
    Ok(KeyFilter { limit, before, is_active, ..KeyFilter::default() })
}

/// 1 to 1000; 100 if it is not given.
pub(crate) fn check_limit(limit: Option<u32>) -> Result<u32, Error> {
    let limit = limit.unwrap_or(USUAL);
    if (1..=MOST).contains(&limit) { Ok(limit) } else { Err(Error::invalid("limit: must be 1 to 1000")) }
}
