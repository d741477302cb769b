//! See the keys that are still those of another system.

use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::extract::Query;
use crate::keys::{KeyView, check_limit};
use crate::reply::{ErrorBody, List, Reply};
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use titan_core::Error;
use titan_token::KeyId;
use utoipa::IntoParams;

/// Which part of the list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Params {
    /// How many rows to look at: 1 to 1000, usually 100. Keys that are gone are left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `nextCursor` of the part before.
    cursor: Option<String>,
}

#[utoipa::path(
    get, path = "/admin/imported-keys", tag = "admin: imported keys", params(Params),
    summary = "See the imported keys that their holders have not rotated yet, the oldest first",
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
    Query(query): Query<Params>,
) -> Answer<Reply> {
    let limit = check_limit(query.limit)?;
    let after: Option<KeyId> = query.cursor.as_deref().map(str::parse).transpose().map_err(bad_cursor)?;
    let (keys, next) = state.keys.imported(&caller.permit(None)?, after, limit).await?;
    let data = keys.iter().map(|key| KeyView::new(&state.keys, key)).collect();
    Ok(Reply::body(StatusCode::OK, &List { data, next_cursor: next.map(|id| id.to_string()) }))
}

fn bad_cursor<E>(_: E) -> Error {
    Error::invalid("cursor: must be the nextCursor of an answer")
}
