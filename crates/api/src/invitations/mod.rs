//! Invitations: `/admin/tenants/{id}/invitations`, for owners `/api/v1/members/invitations`, and accepting one.

mod accept;
mod create;
mod list;
mod view;
mod withdraw;

use crate::ControlPlane;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new()
        .routes(routes!(list::admin, create::admin))
        .routes(routes!(withdraw::admin))
        .routes(routes!(list::platform, create::platform))
        .routes(routes!(withdraw::platform))
        .routes(routes!(accept::platform))
}
