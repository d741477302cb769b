//! Signing in, and sessions: `/api/v1/auth`. `reference/platform-authentication.txt` prints it.

mod end;
mod list;
mod login;
mod password;
mod refresh;
mod session;
mod view;

use crate::ControlPlane;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new()
        .routes(routes!(login::platform))
        .routes(routes!(session::platform))
        .routes(routes!(refresh::platform))
        .routes(routes!(end::logout))
        .routes(routes!(list::platform))
        .routes(routes!(end::platform))
        .routes(routes!(password::platform))
}
