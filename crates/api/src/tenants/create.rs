//! Make a tenant.

use super::view::TenantView;
use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::extract::Json;
use crate::reply::{Data, ErrorBody, Reply};
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use titan_core::wire::required;
use utoipa::ToSchema;

/// The new tenant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateTenant)]
pub(crate) struct Body {
    /// 1 to 100 characters, unique.
    #[schema(required, nullable = false)]
    name: Option<String>,
}

#[utoipa::path(
    post, path = "/admin/tenants", tag = "admin: tenants", summary = "Make a tenant", request_body = Body,
    security(("masterKey" = [])),
    responses(
        (status = 201, description = "The tenant", body = Data<TenantView>),
        (status = 400, description = "A field is wrong", body = ErrorBody),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 409, description = "The name is taken", body = ErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = ErrorBody),
        (status = 415, description = "The body is not JSON", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Json(body): Json<Body>,
) -> Answer<Reply> {
    let name = required("name", body.name)?;
    let tenant = state.tenants.create(&caller.permit(None)?, &name).await?;
    Ok(Reply::data(StatusCode::CREATED, TenantView::from(&tenant)))
}
