//! Rename a tenant, switch it on or off, revoke its keys. `PUT` and `PATCH` are the same.

use super::view::TenantView;
use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::extract::{Id, Json, Query};
use crate::reply::{Data, ErrorBody, Reply};
use crate::wait::Waiting;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use titan_core::tenant::TenantUpdate;
use titan_token::TenantId;
use utoipa::ToSchema;

/// What shall change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = UpdateTenant)]
pub(crate) struct Body {
    /// 1 to 100 characters, unique.
    name: Option<String>,
    /// Off: all its keys are refused.
    is_active: Option<bool>,
    /// Revokes every key that it has now.
    #[serde(default)]
    revoke_keys: bool,
}

macro_rules! admin {
    ($name:ident, $method:ident) => {
        #[utoipa::path(
                    $method, path = "/admin/tenants/{id}", tag = "admin: tenants",
                    summary = "Rename, enable or disable a tenant, or revoke its keys",
                    params(("id" = u32, Path, description = "Its number"), Waiting), request_body = Body,
                    security(("masterKey" = [])),
                    responses(
                        (status = 200, description = "The tenant as it is now", body = Data<TenantView>),
                        (status = 202, description = "The same, perhaps not in force everywhere yet (wait=none)", body = Data<TenantView>),
                        (status = 400, description = "A field is wrong, or none is there", body = ErrorBody),
                        (status = 401, description = "No master key", body = ErrorBody),
                        (status = 403, description = "An API key is not enough", body = ErrorBody),
                        (status = 404, description = "No such tenant", body = ErrorBody),
                        (status = 409, description = "The name is taken", body = ErrorBody),
                        (status = 413, description = "The body is over 64 KiB", body = ErrorBody),
                        (status = 415, description = "The body is not JSON", body = ErrorBody),
                    )
                )]
        pub(crate) async fn $name(
            State(state): State<ControlPlane>,
            caller: Admin,
            Id(id): Id<u32>,
            Query(waiting): Query<Waiting>,
            Json(body): Json<Body>,
        ) -> Answer<Reply> {
            let update =
                TenantUpdate { name: body.name, is_active: body.is_active, revoke_keys: body.revoke_keys };
            let (permit, wait) = (caller.permit(None)?, waiting.wait.into());
            let (tenant, receipt) = state.tenants.update(&permit, TenantId(id), update, wait).await?;
            Ok(Reply::data(StatusCode::OK, TenantView::from(&tenant)).receipt(Some(receipt)))
        }
    };
}

admin!(admin_put, put);
admin!(admin_patch, patch);
