//! `/admin/usage`, `/admin/keys/{id}/usage` and `/api/account/usage`

mod csv;
mod list;
mod of_key;
mod params;
mod view;

use crate::ControlPlane;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new()
        .routes(routes!(list::admin))
        .routes(routes!(list::account))
        .routes(routes!(of_key::admin))
}
