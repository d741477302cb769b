//! Set the debug mode of the instances that run, without storing it.

use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::extract::{Json, Query};
use crate::reply::{Data, ErrorBody, Reply};
use crate::wait::Waiting;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use titan_core::wire::required;
use utoipa::ToSchema;

/// On or off.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetDebug)]
pub(crate) struct Body {
    /// Whether everything from `debug` on is logged.
    #[schema(required, nullable = false)]
    enabled: Option<bool>,
}

/// What holds now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DebugView {
    /// Whether everything from `debug` on is logged.
    debug_mode: bool,
}

#[utoipa::path(
    post, path = "/admin/debug", tag = "admin: settings",
    summary = "Set the debug mode of the instances that run, until they restart or the setting changes",
    params(Waiting), request_body = Body, security(("masterKey" = [])),
    responses(
        (status = 200, description = "What holds now", body = Data<DebugView>),
        (status = 202, description = "The same, perhaps not in force everywhere yet (wait=none)", body = Data<DebugView>),
        (status = 400, description = "A field is wrong", body = ErrorBody),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = ErrorBody),
        (status = 415, description = "The body is not JSON", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Query(query): Query<Waiting>,
    Json(body): Json<Body>,
) -> Answer<Reply> {
    let debug_mode = required("enabled", body.enabled)?;
    let receipt = state.settings.override_debug(&caller.permit(None)?, debug_mode, query.wait.into()).await?;
    Ok(Reply::data(StatusCode::OK, DebugView { debug_mode }).receipt(Some(receipt)))
}
