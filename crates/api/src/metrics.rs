//! `/metrics`: the numbers of this process, for Prometheus.

use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::reply::ErrorBody;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use titan_core::access::ObserveInstances;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Metrics as text.
pub struct Exposition {
    /// Its format.
    pub content_type: &'static str,
    /// All metrics.
    pub text: String,
}

/// Writes all metrics, in a format that `Accept` names.
pub type Expose = dyn Fn(Option<&str>) -> Exposition + Send + Sync;

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new().routes(routes!(metrics))
}

#[utoipa::path(
    get, path = "/metrics", tag = "health", summary = "The metrics of this process",
    security(("masterKey" = [])),
    responses(
        (
            status = 200, content_type = "text/plain", body = String,
            description = "As OpenMetrics, if `Accept` names it, or else in the text format of Prometheus",
        ),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
    )
)]
async fn metrics(State(state): State<ControlPlane>, caller: Admin, headers: HeaderMap) -> Answer<Response> {
    caller.permit::<ObserveInstances>(None)?;
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    let Exposition { content_type, text } = (state.metrics)(accept);
    Ok(([(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-store")], text).into_response())
}
