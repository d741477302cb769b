//! `/admin/audit`

mod chain;
mod list;

use crate::ControlPlane;
use titan_core::audit::Hash;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new().routes(routes!(list::admin)).routes(routes!(chain::admin))
}

/// A hash as both answers print it.
fn hex(hash: Hash) -> String {
    hex_simd::encode_to_string(hash, hex_simd::AsciiCase::Lower)
}
