//! The people of a tenant: `/admin/tenants/{id}/members`.

mod list;
mod put;
mod remove;
mod view;

use crate::ControlPlane;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new().routes(routes!(list::admin)).routes(routes!(put::admin, remove::admin))
}
