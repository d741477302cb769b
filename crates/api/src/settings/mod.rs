//! `/admin/settings` and `/admin/debug`

mod debug;
mod lookup;
mod update;
mod view;

use crate::ControlPlane;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new().routes(routes!(lookup::admin, update::admin)).routes(routes!(debug::admin))
}
