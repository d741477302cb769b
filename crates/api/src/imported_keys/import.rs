//! Import keys of another system.

use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::extract::{Json, Query};
use crate::reply::{Data, ErrorBody, Reply};
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use titan_core::key::{ForeignKey, ImportResult};
use titan_token::TenantId;
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Params {
    /// Only say what would become of each key.
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Import {
    /// 1 to 100 keys.
    keys: Vec<Row>,
}

/// A key of another system.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = ForeignKey)]
struct Row {
    /// SHA-256 of the whole text of the key: 64 hexadecimal digits.
    sha256: String,
    /// 1 to 100 characters.
    label: String,
    /// Names of the catalogue.
    scopes: Vec<String>,
    /// RFC 3339; in the future.
    expires_at: String,
    /// The tenant's number, usually 1.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
    tenant_id: Option<u32>,
}

/// What has become of a key, in the order of the request.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportResult)]
struct ResultView {
    /// `added`, `known` (it was a key before), or `refused`
    status: &'static str,
    /// `key_…`; null if it was refused, and in a dry run.
    id: Option<String>,
    /// Why it was refused.
    error: Option<String>,
}

impl From<Row> for ForeignKey {
    fn from(row: Row) -> Self {
        let Row { sha256, label, scopes, expires_at, tenant_id } = row;
        Self { sha256, label, scopes, expires_at, tenant: tenant_id.map(TenantId) }
    }
}

impl ResultView {
    fn new(result: &ImportResult, is_dry_run: bool) -> Self {
        match result {
            ImportResult::Added(id) => {
                Self { status: "added", id: (!is_dry_run).then(|| id.to_string()), error: None }
            }
            ImportResult::Known(id) => Self { status: "known", id: Some(id.to_string()), error: None },
            ImportResult::Refused(error) => {
                Self { status: "refused", id: None, error: Some(error.message().to_owned()) }
            }
        }
    }
}

#[utoipa::path(
    post, path = "/admin/imported-keys", tag = "admin: imported keys",
    summary = "Import keys of another system by their SHA-256: the good ones are added, whatever the others are",
    params(Params), request_body = Import,
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "What has become of each key", body = Data<Vec<ResultView>>),
        (status = 400, description = "The request itself is wrong", body = ErrorBody),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = ErrorBody),
        (status = 415, description = "The body is not JSON", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Query(query): Query<Params>,
    Json(body): Json<Import>,
) -> Answer<Reply> {
    let keys: Vec<ForeignKey> = body.keys.into_iter().map(Into::into).collect();
    let results = state.keys.import(&caller.permit(None)?, &keys, query.dry_run).await?;
    let results: Vec<_> = results.iter().map(|result| ResultView::new(result, query.dry_run)).collect();
    Ok(Reply::data(StatusCode::OK, results))
}
