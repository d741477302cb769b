//! See who changed what.

use super::hex;
use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::extract::Query;
use crate::keys::{check_limit, time};
use crate::reply::{ErrorBody, List, Reply};
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use titan_core::Error;
use titan_core::audit::{AuditFilter, Position, Row};
use titan_core::time::Timestamp;
use utoipa::{IntoParams, ToSchema};

/// The longest actor, action or subject.
const LONGEST: usize = 100;

/// Which rows.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Params {
    /// Only what this actor did: `master`, `system`, or the id of a key or a user.
    #[param(min_length = 1, max_length = 100, pattern = "^[!-~]*$")]
    actor: Option<String>,
    /// Only this action, for example `key.update`.
    #[param(min_length = 1, max_length = 100, pattern = "^[!-~]*$")]
    action: Option<String>,
    /// Only what was done to this: the id of a key, a user or a session, or the number of a tenant or a signing key.
    #[param(min_length = 1, max_length = 100, pattern = "^[!-~]*$")]
    subject: Option<String>,
    /// Only rows at or after this time (RFC 3339).
    #[param(format = "date-time")]
    since: Option<String>,
    /// Only rows before this time (RFC 3339).
    #[param(format = "date-time")]
    until: Option<String>,
    /// The maximum number of rows: 1 to 1000, by default 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `nextCursor` of the previous page. The other parameters must be the same.
    cursor: Option<String>,
}

/// A row of the audit log.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditRow)]
pub(crate) struct View {
    /// Its place in the chain: 1, 2, …
    sequence: i64,
    /// RFC 3339, UTC
    at: String,
    /// `master`, `system`, or the id of a key or a user.
    actor: String,
    /// For example `key.update`: `docs/audit.md` lists all.
    action: String,
    /// What was changed.
    subject: String,
    /// The address of the caller; null: the program itself.
    ip: Option<String>,
    /// The `X-Request-Id` of the request; null: the program itself.
    request_id: Option<String>,
    /// What was changed: of a change, `before` and `after`.
    #[schema(value_type = Object)]
    detail: Value,
    /// SHA-256 over this row and the hash of the row before it, in hexadecimal.
    hash: String,
}

#[utoipa::path(
    get, path = "/admin/audit", tag = "admin: audit", summary = "See who changed what, the newest first",
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
    let (rows, next) = state.audit.list(&caller.permit(None)?, query.filter()?).await?;
    let data = rows.iter().map(View::from).collect();
    Ok(Reply::body(StatusCode::OK, &List { data, next_cursor: next.map(print) }))
}

impl Params {
    fn filter(self) -> Result<AuditFilter, Error> {
        Ok(AuditFilter {
            since: time("since", self.since.as_deref())?,
            until: time("until", self.until.as_deref())?,
            after: self.cursor.as_deref().map(parse).transpose()?,
            limit: check_limit(self.limit)?,
            actor: exact("actor", self.actor)?,
            action: exact("action", self.action)?,
            subject: exact("subject", self.subject)?,
        })
    }
}

impl From<&Row> for View {
    fn from(row: &Row) -> Self {
        let [_, actor, action, subject, ip, request_id, detail] = row.fields.clone();
        Self {
            sequence: row.sequence,
            at: row.position().at.to_string(),
            actor,
            action,
            subject,
            ip: Some(ip).filter(|ip| !ip.is_empty()),
            request_id: Some(request_id).filter(|id| !id.is_empty()),
            detail: serde_json::from_str(&detail).unwrap_or(Value::String(detail)),
            hash: hex(row.hash),
        }
    }
}

/// Rows are found by the whole text. No row has another one than this allows.
fn exact(parameter: &str, text: Option<String>) -> Result<Option<String>, Error> {
    let is_good =
        |text: &str| (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    match text {
        Some(text) if !is_good(&text) => {
            Err(Error::invalid(format!("{parameter}: must be 1 to {LONGEST} visible ASCII characters")))
        }
        text => Ok(text),
    }
}

/// The text of a cursor.
fn print(at: Position) -> String {
    format!("{}-{}", at.at.ms(), at.sequence)
}

fn parse(text: &str) -> Result<Position, Error> {
    let read = || {
        let (ms, sequence) = text.split_once('-')?;
        let at = Position { at: Timestamp::from_ms(ms.parse().ok()?), sequence: sequence.parse().ok()? };
        (print(at) == text).then_some(at)
    };
    read().ok_or_else(|| Error::invalid("cursor: must be the nextCursor of an answer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_printed_is_a_cursor() {
        let at = Position { at: Timestamp::from_ms(1_795_928_307_123), sequence: 41 };
        assert_eq!(parse(&print(at)).unwrap(), at);
        for text in ["", "-", "1-", "-1", "1", "+1-2", "01-2", "1-2 ", "1-99999999999999999999", "1-2-3"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
