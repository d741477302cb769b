//! Keys of users: `/api/v1/api-keys`. `reference/platform-authentication.txt` prints it. Only a JWT opens it: who steals a
//! key must not be able to make another one.

mod create;
mod delete;
mod list;
mod lookup;
mod rotate;
mod view;

use crate::ControlPlane;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new()
        .routes(routes!(list::platform, create::platform))
        .routes(routes!(lookup::platform, delete::platform))
        .routes(routes!(rotate::platform))
}
