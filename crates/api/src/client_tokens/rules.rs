//! See, set and delete the rules of a session.

use super::Session;
use super::names::Names;
use super::view::RulesView;
use crate::ControlPlane;
use crate::caller::{Account, Authorize};
use crate::error::Answer;
use crate::extract::{Json, Query};
use crate::reply::{Data, ErrorBody, Reply};
use crate::wait::Waiting;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use titan_core::Error;
use titan_core::client_token::RulesDraft;
use titan_core::wire::required;
use utoipa::ToSchema;

/// All rules of a session: what is not there has its default.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = SetClientRules)]
pub(super) struct Body {
    /// To whom a token may send: `any`, `conversation` (the chat for which it was minted) or `allowlist`.
    #[schema(required, nullable = false)]
    recipient_mode: Option<String>,
    /// The recipients of the mode `allowlist`: 1 to 1,000.
    allowed_recipients: Option<Names>,
    /// Actions that the policy gives to routes, such as `send_message`. Without one, nothing is allowed.
    allowed_actions: Option<Names>,
    /// Origins of pages, such as `https://shop.example`. Without one, the origin is not looked at.
    allowed_origins: Option<Names>,
    /// Requests of each person in any 60 seconds: 0 to 10,000,000; 0 is no limit.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 10_000_000_i64)]
    rate_limit: Option<u32>,
    /// Messages and reactions of each person on a day (UTC): 0 to 10,000,000; 0 is no limit.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 10_000_000_i64)]
    max_daily: Option<u32>,
    /// Whether client tokens are accepted at all; `true` if it is not given.
    enabled: Option<bool>,
}

impl Body {
    fn draft(self) -> Result<RulesDraft, Error> {
        let list = |names: Option<Names>| names.map(Vec::from).unwrap_or_default();
        Ok(RulesDraft {
            recipient_mode: required("recipientMode", self.recipient_mode)?,
            allowed_recipients: list(self.allowed_recipients),
            allowed_actions: list(self.allowed_actions),
            allowed_origins: list(self.allowed_origins),
            rate_limit: self.rate_limit.unwrap_or_default(),
            max_daily: self.max_daily.unwrap_or_default(),
            enabled: self.enabled,
        })
    }
}

#[utoipa::path(
    put, path = "/api/sessions/{session}/client-rules", tag = "client tokens",
    summary = "Set what client tokens for a session may do: at once, also for tokens that exist",
    params(("session" = String, Path, description = "The name of the session"), Waiting), request_body = Body,
    security(("apiKey" = ["sessions:manage"]), ("apiKeyHeader" = ["sessions:manage"])),
    responses(
        (status = 200, description = "The rules", body = Data<RulesView>),
        (status = 202, description = "The same, perhaps not in force everywhere yet (wait=none)", body = Data<RulesView>),
        (status = 400, description = "A field or the name of the session is wrong", body = ErrorBody),
        (status = 401, description = "The API key is missing or bad", body = ErrorBody),
        (status = 403, description = "The API key lacks sessions:manage", body = ErrorBody),
        (status = 409, description = "Too many sessions of this tenant have rules", body = ErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = ErrorBody),
        (status = 415, description = "The body is not JSON", body = ErrorBody),
    )
)]
pub(super) async fn put(
    State(state): State<ControlPlane>,
    caller: Account,
    Session(session): Session,
    Query(query): Query<Waiting>,
    Json(body): Json<Body>,
) -> Answer<Reply> {
    let (permit, name) = (caller.permit(None)?, session.to_string());
    let rules = body.draft()?.check()?;
    let (rules, receipt) =
        state.client_tokens.set_rules(&permit, None, session, rules, query.wait.into()).await?;
    let view = RulesView::new(&name, &rules);
    Ok(Reply::data(StatusCode::OK, view).receipt(Some(receipt)).with_deprecation(caller.key()))
}

#[utoipa::path(
    get, path = "/api/sessions/{session}/client-rules", tag = "client tokens",
    summary = "See what client tokens for a session may do",
    params(("session" = String, Path, description = "The name of the session")),
    security(("apiKey" = ["sessions:manage"]), ("apiKeyHeader" = ["sessions:manage"])),
    responses(
        (status = 200, description = "The rules", body = Data<RulesView>),
        (status = 400, description = "The name of the session is wrong", body = ErrorBody),
        (status = 401, description = "The API key is missing or bad", body = ErrorBody),
        (status = 403, description = "The API key lacks sessions:manage", body = ErrorBody),
        (status = 404, description = "The session has no rules in this tenant", body = ErrorBody),
    )
)]
pub(super) async fn lookup(
    State(state): State<ControlPlane>,
    caller: Account,
    Session(session): Session,
) -> Answer<Reply> {
    let name = session.to_string();
    let rules = state.client_tokens.rules(&caller.permit(None)?, None, session).await?;
    Ok(Reply::data(StatusCode::OK, RulesView::new(&name, &rules)).with_deprecation(caller.key()))
}

#[utoipa::path(
    delete, path = "/api/sessions/{session}/client-rules", tag = "client tokens",
    summary = "Delete the rules of a session: no client token may do anything there",
    params(("session" = String, Path, description = "The name of the session"), Waiting),
    security(("apiKey" = ["sessions:manage"]), ("apiKeyHeader" = ["sessions:manage"])),
    responses(
        (status = 204, description = "No instance accepts a client token for it any more"),
        (status = 202, description = "The same, perhaps not in force everywhere yet (wait=none)"),
        (status = 400, description = "The name of the session is wrong", body = ErrorBody),
        (status = 401, description = "The API key is missing or bad", body = ErrorBody),
        (status = 403, description = "The API key lacks sessions:manage", body = ErrorBody),
        (status = 404, description = "The session has no rules in this tenant", body = ErrorBody),
    )
)]
pub(super) async fn delete(
    State(state): State<ControlPlane>,
    caller: Account,
    Session(session): Session,
    Query(query): Query<Waiting>,
) -> Answer<Reply> {
    let permit = caller.permit(None)?;
    let receipt = state.client_tokens.delete_rules(&permit, None, session, query.wait.into()).await?;
    Ok(Reply::empty().receipt(Some(receipt)).with_deprecation(caller.key()))
}
