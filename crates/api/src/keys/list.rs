//! See all keys.

use super::cursor;
use super::filter::{AccountQuery, AdminQuery};
use super::view::KeyView;
use crate::ControlPlane;
use crate::caller::{Account, Admin, Authorize};
use crate::error::Answer;
use crate::extract::Query;
use crate::reply::{ErrorBody, List, Reply};
use axum::extract::State;
use http::StatusCode;
use titan_core::access::{ListKeys, Permit};
use titan_core::key::KeyFilter;

#[utoipa::path(
    get, path = "/admin/keys", tag = "admin: keys", summary = "List keys", params(AdminQuery),
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
    list(&state, &caller.permit(None)?, query.filter(&state.keys)?).await
}

#[utoipa::path(
    get, path = "/api/account/keys", tag = "account: keys", summary = "List the tenant's keys",
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
    let reply = list(&state, &caller.permit(None)?, query.filter(&state.keys)?).await?;
    Ok(reply.with_deprecation(caller.key()))
}

async fn list(state: &ControlPlane, permit: &Permit<ListKeys>, filter: KeyFilter) -> Answer<Reply> {
    let (sort, order) = (filter.sort, filter.order);
    let page = state.keys.list(permit, filter).await?;
    let data = page.keys.iter().map(|key| KeyView::new(&state.keys, key)).collect();
    let next_cursor = page.next.map(|at| cursor::print(sort, order, at));
    Ok(Reply::body(StatusCode::OK, &List { data, next_cursor }))
}
