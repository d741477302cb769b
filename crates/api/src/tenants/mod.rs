//! `/admin/tenants`

mod create;
mod list;
mod lookup;
mod update;
mod view;

use crate::ControlPlane;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new().routes(routes!(list::admin, create::admin)).routes(routes!(
        lookup::admin,
        update::admin_put,
        update::admin_patch
    ))
}
