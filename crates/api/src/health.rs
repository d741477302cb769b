//! Whether the program lives, and whether it may be asked.

use crate::ControlPlane;
use crate::reply::Reply;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok` or `starting`
    status: &'static str,
}

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new().routes(routes!(live)).routes(routes!(ready))
}

#[utoipa::path(
    get, path = "/health/live", tag = "health", summary = "Whether the program lives",
    responses((status = 200, description = "It does", body = Health))
)]
async fn live() -> Reply {
    Reply::body(StatusCode::OK, &Health { status: "ok" })
}

#[utoipa::path(
    get, path = "/health/ready", tag = "health", summary = "Whether requests can be answered",
    responses(
        (status = 200, description = "They can", body = Health),
        (status = 503, description = "Not yet", body = Health),
    )
)]
async fn ready(State(state): State<ControlPlane>) -> Reply {
    if (state.is_ready)() {
        Reply::body(StatusCode::OK, &Health { status: "ok" })
    } else {
        Reply::body(StatusCode::SERVICE_UNAVAILABLE, &Health { status: "starting" })
    }
}
