//! Change settings: what is not named stays.

use super::view::SettingsView;
use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::extract::{Json, Query};
use crate::reply::{Data, ErrorBody, Reply};
use crate::wait::Waiting;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use titan_core::Error;
use titan_core::settings::{LogLevel, SettingsUpdate};
use utoipa::ToSchema;

/// What shall change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = UpdateSettings)]
pub(crate) struct Body {
    /// Requests of all keys together in any 60 seconds: 0 to 10,000,000; 0 is no limit.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 10_000_000_i64)]
    rate_limit: Option<u32>,
    /// The same for routes that send messages.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 10_000_000_i64)]
    msg_rate_limit: Option<u32>,
    /// Logs everything from `debug` on. It also ends what `POST /admin/debug` has set.
    debug_mode: Option<bool>,
    /// `debug`, `info`, `warn` or `error`
    log_level: Option<String>,
}

impl Body {
    fn update(self) -> Result<SettingsUpdate, Error> {
        let names = || Error::invalid("logLevel: must be debug, info, warn or error");
        let log_level = self.log_level.map(|name| LogLevel::parse(&name).ok_or_else(names)).transpose()?;
        let Self { rate_limit, msg_rate_limit, debug_mode, .. } = self;
        Ok(SettingsUpdate { rate_limit, msg_rate_limit, debug_mode, log_level })
    }
}

#[utoipa::path(
    put, path = "/admin/settings", tag = "admin: settings",
    summary = "Change settings on every instance; what is not named stays", params(Waiting), request_body = Body,
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "The settings as they are now", body = Data<SettingsView>),
        (status = 202, description = "The same, perhaps not in force everywhere yet (wait=none)", body = Data<SettingsView>),
        (status = 400, description = "A field is wrong, or none is there", body = ErrorBody),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = ErrorBody),
        (status = 415, description = "The body is not JSON", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Query(query): Query<Waiting>,
    Json(body): Json<Body>,
) -> Answer<Reply> {
    let update = body.update()?;
    let (settings, receipt) = state.settings.update(&caller.permit(None)?, update, query.wait.into()).await?;
    Ok(Reply::data(StatusCode::OK, SettingsView::new(&state.settings, &settings)).receipt(Some(receipt)))
}
