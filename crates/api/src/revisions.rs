//! `/admin/revisions/{n}`: whether a change is in force, for those who did not wait.

use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::extract::Id;
use crate::reply::{Data, ErrorBody, Reply};
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use titan_core::revision::Revision;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A revision.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Revision)]
struct View {
    /// Its number.
    revision: u64,
    /// Whether no instance decides from an earlier state any more.
    in_force: bool,
}

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new().routes(routes!(lookup))
}

#[utoipa::path(
    get, path = "/admin/revisions/{revision}", tag = "admin: instances",
    summary = "Ask whether a change is in force on every instance",
    params(("revision" = u64, Path, description = "The number in Titan-Revocation")),
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "Whether it is", body = Data<View>),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 404, description = "No such revision yet", body = ErrorBody),
    )
)]
async fn lookup(State(state): State<ControlPlane>, caller: Admin, Id(revision): Id<u64>) -> Answer<Reply> {
    let in_force = state.fleet.is_in_force(&caller.permit(None)?, Revision(revision)).await?;
    Ok(Reply::data(StatusCode::OK, View { revision, in_force }))
}
