//! Whether the program lives, and whether it may be asked.

use crate::ControlPlane;
use crate::reply::Reply;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Whether requests can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// They can.
    Ok,
    /// The lease of this instance has ended: it asks the database for each key, and refuses what it cannot ask for.
    RevocationStateUnknown,
    /// The program has not started yet.
    Starting,
}

#[derive(Serialize, ToSchema)]
struct Status {
    status: Health,
}

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new().routes(routes!(live)).routes(routes!(ready))
}

#[utoipa::path(
    get, path = "/health/live", tag = "health", summary = "Whether the program lives",
    responses((status = 200, description = "It does", body = Status))
)]
async fn live() -> Reply {
    Reply::body(StatusCode::OK, &Status { status: Health::Ok })
}

#[utoipa::path(
    get, path = "/health/ready", tag = "health", summary = "Whether requests can be answered",
    responses(
        (status = 200, description = "They can", body = Status),
        (status = 503, description = "Not yet, or not while the lease of this instance has ended", body = Status),
    )
)]
async fn ready(State(state): State<ControlPlane>) -> Reply {
    let status = (state.health)();
    let code = if status == Health::Ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Reply::body(code, &Status { status })
}
