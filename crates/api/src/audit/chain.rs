//! What the hashes of the audit log cover, so that anybody can check them.

use super::hex;
use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::extract::Query;
use crate::keys::check_limit;
use crate::reply::{ErrorBody, List, Reply};
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use titan_core::Error;
use titan_core::audit::Row;
use utoipa::{IntoParams, ToSchema};

/// Which part of the chain.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Params {
    /// How many at most: 1 to 1000, usually 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `nextCursor` of the part before.
    cursor: Option<String>,
}

/// A row as it is hashed.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditLink)]
pub(crate) struct View {
    /// Its place: 1, 2, …
    sequence: i64,
    /// Time in milliseconds since 1970, actor, action, subject, address, request id, and the detail as JSON.
    #[schema(min_items = 7, max_items = 7)]
    fields: Vec<String>,
    /// SHA-256 in hexadecimal, over the 32 bytes of the hash of the row before (zeros before the first), and for each field
    /// its length in bytes (8 bytes, big-endian) and its text.
    hash: String,
}

#[utoipa::path(
    get, path = "/admin/audit/chain", tag = "admin: audit", summary = "Read the audit log as it is hashed, the oldest first",
    params(Params),
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "Rows of the audit log", body = List<View>),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Query(query): Query<Params>,
) -> Answer<Reply> {
    let limit = check_limit(query.limit)?;
    let after = query.cursor.as_deref().map_or(Ok(0), str::parse);
    let after = after.map_err(|_| Error::invalid("cursor: must be the nextCursor of an answer"))?;
    let (rows, next) = state.audit.chain(&caller.permit(None)?, after, limit).await?;
    let data = rows.iter().map(View::from).collect();
    Ok(Reply::body(StatusCode::OK, &List { data, next_cursor: next.map(|sequence| sequence.to_string()) }))
}

impl From<&Row> for View {
    fn from(row: &Row) -> Self {
        Self { sequence: row.sequence, fields: row.fields.to_vec(), hash: hex(row.hash) }
    }
}
