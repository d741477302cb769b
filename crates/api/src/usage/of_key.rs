//! See how a key is used, and from where it was last.

use super::csv;
use super::params::{Format, UsageOfKey};
use super::view::KeyView;
use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::extract::{Id, Query};
use crate::reply::{ErrorBody, Reply};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use titan_token::KeyId;

#[utoipa::path(
    get, path = "/admin/keys/{id}/usage", tag = "admin: usage", summary = "See how a key is used, and from where it was last",
    params(("id" = String, Path, description = "key_…"), UsageOfKey),
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "What was counted", content((KeyView = "application/json"), (String = "text/csv"))),
        (status = 400, description = "A parameter is wrong, or the answer would be too long", body = ErrorBody),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 404, description = "No such key, and none that was used", body = ErrorBody),
        (status = 409, description = "Usage is not counted", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    headers: HeaderMap,
    Id(id): Id<KeyId>,
    Query(query): Query<UsageOfKey>,
) -> Answer<Response> {
    let (ask, format) = (query.ask()?, query.format(&headers)?);
    let view = KeyView::from(state.usage.of_key(&caller.permit(None)?, id, ask).await?);
    Ok(match format {
        Format::Csv => csv::response(&view.usage.data),
        Format::Json => Reply::body(StatusCode::OK, &view).into_response(),
    })
}
