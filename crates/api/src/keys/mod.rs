//! `/admin/keys` and `/api/account/keys`: the same endpoints for two kinds of caller.

mod create;
pub(crate) mod cursor;
mod delete;
mod delete_made_by;
mod filter;
mod list;
mod lookup;
mod rotate;
mod update;
mod view;

pub(crate) use filter::{check_limit, time};
pub(crate) use view::KeyView;

use crate::ControlPlane;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new()
        .routes(routes!(list::admin, create::admin, delete_made_by::admin))
        .routes(routes!(lookup::admin, update::admin_put, update::admin_patch, delete::admin))
        .routes(routes!(rotate::admin))
        .routes(routes!(list::account, create::account, delete_made_by::account))
        .routes(routes!(lookup::account, update::account_put, update::account_patch, delete::account))
        .routes(routes!(rotate::account))
}
