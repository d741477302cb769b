//! The people of a tenant: `/admin/tenants/{id}/members`, and for its owners `/api/v1/members`.

mod list;
mod put;
mod remove;
mod view;

use crate::ControlPlane;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new()
        .routes(routes!(list::admin))
        .routes(routes!(put::admin, remove::admin))
        .routes(routes!(list::platform))
        .routes(routes!(put::platform, remove::platform))
}
