//! Make a key.

use super::view::KeyView;
use crate::ControlPlane;
use crate::caller::{Account, Admin, Authorize};
use crate::error::Answer;
use crate::extract::{Json, request_name};
use crate::reply::{Data, ErrorBody, Reply};
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use titan_core::key::NewKey;
use titan_core::wire::required;
use titan_token::TenantId;
use utoipa::ToSchema;

/// What the new key shall be.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = CreateKey)]
pub(crate) struct AccountBody {
    /// 1 to 100 characters.
    #[schema(required, nullable = false)]
    label: Option<String>,
    /// 1 to the configured maximum.
    #[schema(required, nullable = false, minimum = 1)]
    lifetime_days: Option<i64>,
    /// Names of the catalogue, at least one.
    #[schema(required, nullable = false)]
    scopes: Option<Vec<String>>,
    /// How many requests it may make in any 60 seconds: 0 to 10,000,000; 0 is no limit of its own.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 10_000_000_i64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<u32>,
}

/// What the new key shall be, and whose.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = AdminCreateKey)]
pub(crate) struct AdminBody {
    /// 1 to 100 characters.
    #[schema(required, nullable = false)]
    label: Option<String>,
    /// 1 to the configured maximum.
    #[schema(required, nullable = false, minimum = 1)]
    lifetime_days: Option<i64>,
    /// Names of the catalogue, at least one.
    #[schema(required, nullable = false)]
    scopes: Option<Vec<String>>,
    /// How many requests it may make in any 60 seconds: 0 to 10,000,000; 0 is no limit of its own.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 10_000_000_i64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<u32>,
    /// The tenant's number; 1, the default one, if it is not given.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
    tenant_id: Option<u32>,
}

#[utoipa::path(
    post, path = "/admin/keys", tag = "admin: keys", summary = "Make a key", request_body = AdminBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same answer for 24 hours")),
    security(("masterKey" = [])),
    responses(
        (status = 201, description = "The key, shown this once", body = Data<KeyView>),
        (status = 400, description = "A field is wrong", body = ErrorBody),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 409, description = "The Idempotency-Key was used for another request, or the tenant is disabled", body = ErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = ErrorBody),
        (status = 415, description = "The body is not JSON", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    headers: HeaderMap,
    Json(body): Json<AdminBody>,
) -> Answer<Reply> {
    let request = request_name(&headers, "POST /admin/keys", &body)?;
    let new = new_key(body.label, body.lifetime_days, body.scopes, body.rate_limit)?;
    let new = NewKey { tenant: body.tenant_id.map(TenantId), ..new };
    let issued = state.keys.create(caller.permit(None)?, new, request).await?;
    Ok(Reply::data(StatusCode::CREATED, KeyView::issued(&state.keys, &issued.key, &issued.plain)))
}

#[utoipa::path(
    post, path = "/api/account/keys", tag = "account: keys", summary = "Make a key", request_body = AccountBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same answer for 24 hours")),
    security(("apiKey" = ["keys:manage"]), ("apiKeyHeader" = ["keys:manage"])),
    responses(
        (status = 201, description = "The key, shown this once", body = Data<KeyView>),
        (status = 400, description = "A field is wrong", body = ErrorBody),
        (status = 401, description = "The API key is missing or bad", body = ErrorBody),
        (status = 403, description = "The API key lacks keys:manage or a scope that it would grant", body = ErrorBody),
        (status = 409, description = "The Idempotency-Key was used for another request, or the tenant is disabled", body = ErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = ErrorBody),
        (status = 415, description = "The body is not JSON", body = ErrorBody),
    )
)]
pub(crate) async fn account(
    State(state): State<ControlPlane>,
    caller: Account,
    headers: HeaderMap,
    Json(body): Json<AccountBody>,
) -> Answer<Reply> {
    let request = request_name(&headers, "POST /api/account/keys", &body)?;
    let new = new_key(body.label, body.lifetime_days, body.scopes, body.rate_limit)?;
    let issued = state.keys.create(caller.permit(None)?, new, request).await?;
    let view = KeyView::issued(&state.keys, &issued.key, &issued.plain);
    Ok(Reply::data(StatusCode::CREATED, view).with_deprecation(caller.key()))
}

fn new_key(
    label: Option<String>,
    lifetime_days: Option<i64>,
    scopes: Option<Vec<String>>,
    rate_limit: Option<u32>,
) -> Result<NewKey, titan_core::Error> {
    Ok(NewKey {
        label: required("label", label)?,
        lifetime_days: required("lifetimeDays", lifetime_days)?,
        scopes: required("scopes", scopes)?,
        rate_limit,
        tenant: None,
    })
}
