//! `/admin/license` and the sessions that the license counts.

mod lookup;
mod release;
mod sessions;

use crate::ControlPlane;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new()
        .routes(routes!(lookup::admin))
        .routes(routes!(sessions::admin))
        .routes(routes!(release::admin))
}
