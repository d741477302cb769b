//! Opaque keys: `/api/api-keys`. `reference/whatomate-api-keys.txt` prints it: another envelope, and 200 for all that works.

mod create;
mod delete;
mod id;
mod list;
mod lookup;
mod switch;
mod view;

use crate::ControlPlane;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new().routes(routes!(list::whatomate, create::whatomate)).routes(routes!(
        lookup::whatomate,
        switch::whatomate,
        delete::whatomate
    ))
}
