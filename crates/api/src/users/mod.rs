//! `/admin/users`

mod create;
mod list;
mod lookup;
mod update;
mod view;

use crate::ControlPlane;
pub(crate) use list::parse_cursor;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
pub(crate) use view::MembershipView;

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new().routes(routes!(list::admin, create::admin)).routes(routes!(
        lookup::admin,
        update::admin_put,
        update::admin_patch
    ))
}
