//! See the settings.

use super::view::SettingsView;
use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::reply::{Data, ErrorBody, Reply};
use axum::extract::State;
use http::StatusCode;

#[utoipa::path(
    get, path = "/admin/settings", tag = "admin: settings", summary = "See the settings",
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "The settings", body = Data<SettingsView>),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
    )
)]
pub(crate) async fn admin(State(state): State<ControlPlane>, caller: Admin) -> Answer<Reply> {
    let settings = state.settings.lookup(&caller.permit(None)?).await?;
    Ok(Reply::data(StatusCode::OK, SettingsView::new(&state.settings, &settings)))
}
