//! `/oauth2`: what OAuth 2.0 has standards for.

mod form;
mod introspect;
mod revoke;

use crate::ControlPlane;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new().routes(routes!(introspect::oauth2)).routes(routes!(revoke::oauth2))
}
