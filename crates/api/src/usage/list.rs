//! See how keys are used.

use super::csv;
use super::params::{AccountUsage, AdminUsage, Format};
use super::view::View;
use crate::ControlPlane;
use crate::caller::{Account, Admin, Authorize};
use crate::error::Answer;
use crate::extract::Query;
use crate::reply::{ErrorBody, Reply};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use titan_core::usage::Ask;

#[utoipa::path(
    get, path = "/admin/usage", tag = "admin: usage", summary = "See how keys are used, by time",
    params(AdminUsage),
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "What was counted", content((View = "application/json"), (String = "text/csv"))),
        (status = 400, description = "A parameter is wrong, or the answer would be too long", body = ErrorBody),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 409, description = "Usage is not counted", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    headers: HeaderMap,
    Query(query): Query<AdminUsage>,
) -> Answer<Response> {
    list(&state, &caller, query.ask()?, query.format(&headers)?).await
}

#[utoipa::path(
    get, path = "/api/account/usage", tag = "account: usage", summary = "See how the keys of the tenant are used, by time",
    params(AccountUsage),
    security(("apiKey" = []), ("apiKeyHeader" = [])),
    responses(
        (status = 200, description = "What was counted", content((View = "application/json"), (String = "text/csv"))),
        (status = 400, description = "A parameter is wrong, or the answer would be too long", body = ErrorBody),
        (status = 401, description = "The API key is missing or bad", body = ErrorBody),
        (status = 403, description = "usage:read is lacking", body = ErrorBody),
        (status = 409, description = "Usage is not counted", body = ErrorBody),
    )
)]
pub(crate) async fn account(
    State(state): State<ControlPlane>,
    caller: Account,
    headers: HeaderMap,
    Query(query): Query<AccountUsage>,
) -> Answer<Response> {
    list(&state, &caller, query.ask()?, query.format(&headers)?).await
}

async fn list(state: &ControlPlane, caller: &impl Authorize, ask: Ask, format: Format) -> Answer<Response> {
    let view = View::from(state.usage.list(&caller.permit(None)?, ask).await?);
    Ok(match format {
        Format::Csv => csv::response(&view.data),
        Format::Json => Reply::body(StatusCode::OK, &view).into_response(),
    })
}
