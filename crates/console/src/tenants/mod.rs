//! Tenants: their list, one of them, and what can be done with it.

mod list;
mod one;
mod revoke;
mod switch;
mod view;

use crate::signed::Signed;
use crate::{Console, Shared};
use axum::Router;
use axum::routing::{get, post};
use titan_core::Error;
use titan_core::tenant::Tenant;
use titan_token::TenantId;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/tenants", get(list::show).post(list::create))
        .route("/tenants/{id}", get(one::show).post(one::rename))
        .route("/tenants/{id}/disable", post(switch::disable))
        .route("/tenants/{id}/enable", post(switch::enable))
        .route("/tenants/{id}/revoke", get(revoke::show).post(revoke::revoke))
}

/// The number in a path. Another text is no page.
fn id(text: &str) -> Result<TenantId, Error> {
    text.parse().map(TenantId).map_err(|_| Error::not_found("tenant"))
}

/// With more tenants, one writes the number.
const TO_CHOOSE: u32 = 100;

/// The tenants to choose from; none if there are too many for that.
pub(crate) async fn to_choose(console: &Console, signed: &Signed) -> Result<Vec<Tenant>, Error> {
    let (tenants, next) = console.tenants.list(&signed.permit(None)?, None, TO_CHOOSE).await?;
    Ok(if next.is_some() { Vec::new() } else { tenants })
}
