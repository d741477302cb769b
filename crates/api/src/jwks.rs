//! The public keys of the session JWTs, for upstreams that check a JWT themselves (RFC 7517).

use crate::ControlPlane;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new().routes(routes!(jwks))
}

#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "keys", summary = "The public keys of the session JWTs",
    responses((status = 200, description = "A JWK set: every key that is not retired", body = Object))
)]
async fn jwks(State(state): State<ControlPlane>) -> Response {
    // A key is here before it signs, so this may be kept for the life of a few requests.
    let headers = [(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, "public, max-age=60")];
    (headers, state.gate.jwks()).into_response()
}
