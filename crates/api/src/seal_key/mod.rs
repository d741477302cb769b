//! `/admin/seal-key`: the key that seals secrets in the database. No answer contains a key, or what it sealed.

mod lookup;
mod rotate;

use crate::ControlPlane;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new().routes(routes!(lookup::admin)).routes(routes!(rotate::admin))
}
