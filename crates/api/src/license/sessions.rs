//! See the open sessions that the license counts.

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
use titan_core::license::LiveSession;
use titan_token::TenantId;
use utoipa::{IntoParams, ToSchema};

/// Which part of the list.
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

/// An open session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LiveSession)]
struct SessionView {
    /// Its tenant.
    tenant_id: u32,
    /// Its name.
    session: String,
    /// When the request came that opened it, RFC 3339.
    opened_at: String,
    /// Whether nobody knows yet if the upstream has opened it. It counts all the same.
    is_pending: bool,
}

impl From<&LiveSession> for SessionView {
    fn from(session: &LiveSession) -> Self {
        Self {
            tenant_id: session.tenant.0,
            session: session.name.clone(),
            opened_at: session.opened_at.to_string(),
            is_pending: !session.is_open,
        }
    }
}

#[utoipa::path(
    get, path = "/admin/license/sessions", tag = "admin: license", params(Params),
    summary = "See the open sessions that the license counts, by tenant and name",
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "Sessions", body = List<SessionView>),
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
    let after = query.cursor.as_deref().map(read_cursor).transpose()?;
    let sessions = state.license.sessions(&caller.permit(None)?, after, limit).await?;
    let is_full = u32::try_from(sessions.len()) == Ok(limit);
    let next_cursor = sessions.last().filter(|_| is_full).map(cursor);
    let data = sessions.iter().map(SessionView::from).collect();
    Ok(Reply::body(StatusCode::OK, &List { data, next_cursor }))
}

/// `7.name`: names have dots, numbers have none.
fn cursor(session: &LiveSession) -> String {
    format!("{}.{}", session.tenant.0, session.name)
}

fn read_cursor(text: &str) -> Result<(TenantId, &str), Error> {
    let parts = text.split_once('.').and_then(|(tenant, name)| Some((tenant.parse().ok()?, name)));
    let (tenant, name) = parts.ok_or(Error::invalid("cursor: must be the nextCursor of an answer"))?;
    Ok((TenantId(tenant), name))
}
