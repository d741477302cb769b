//! The second factor of a user: `/api/v1/auth/second-factor`.

mod begin;
mod confirm;
mod look;
mod remove;

use crate::ControlPlane;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new()
        .routes(routes!(look::platform, begin::platform, remove::platform))
        .routes(routes!(confirm::platform))
}
