//! See one tenant.

use super::view::TenantView;
use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::extract::Id;
use crate::reply::{Data, ErrorBody, Reply};
use axum::extract::State;
use http::StatusCode;
use titan_token::TenantId;

#[utoipa::path(
    get, path = "/admin/tenants/{id}", tag = "admin: tenants", summary = "See a tenant",
    params(("id" = u32, Path, description = "Its number")),
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "The tenant", body = Data<TenantView>),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 404, description = "No such tenant", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Id(id): Id<u32>,
) -> Answer<Reply> {
    let tenant = state.tenants.lookup(&caller.permit(None)?, TenantId(id)).await?;
    Ok(Reply::data(StatusCode::OK, TenantView::from(&tenant)))
}
