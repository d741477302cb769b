//! `/admin/signing-keys`: the keys that sign keys.

mod list;
mod retire;
mod rotate;
mod view;

use crate::ControlPlane;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new().routes(routes!(list::admin, rotate::admin)).routes(routes!(retire::admin))
}
