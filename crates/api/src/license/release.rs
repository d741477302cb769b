//! Count a session no longer.

use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::extract::Ids;
use crate::reply::{ErrorBody, Reply};
use axum::extract::State;
use titan_token::TenantId;

#[utoipa::path(
    delete, path = "/admin/license/sessions/{tenant}/{session}", tag = "admin: license",
    summary = "Count a session no longer: it has ended without Titan's knowledge",
    params(
        ("tenant" = u32, Path, description = "The number of the tenant"),
        ("session" = String, Path, description = "The name of the session"),
    ),
    security(("masterKey" = [])),
    responses(
        (status = 204, description = "It is not counted any more"),
        (status = 400, description = "The path is wrong", body = ErrorBody),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 404, description = "No such session is counted", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Ids(tenant, session): Ids<u32, String>,
) -> Answer<Reply> {
    state.license.release(&caller.permit(None)?, TenantId(tenant), &session).await?;
    Ok(Reply::empty())
}
