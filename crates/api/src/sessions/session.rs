//! See the session with which one asks.

use super::view::SignedInUser;
use crate::ControlPlane;
use crate::caller::SignedInCaller;
use crate::error::Answer;
use crate::reply::{PlatformErrorBody, Reply, Success};
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// The session.
#[derive(Serialize, ToSchema)]
pub(crate) struct CurrentSession {
    /// The JWT that was sent: it is good now. A new one comes from POST /api/v1/auth/refresh alone, so a stolen JWT cannot
    /// make itself last.
    token: String,
    /// When it expires: RFC 3339.
    expires_at: String,
    /// Who has signed in.
    user: SignedInUser,
}

#[utoipa::path(
    get, path = "/api/v1/auth/session", tag = "platform: sessions", summary = "See the active session",
    security(("jwt" = [])),
    responses(
        (status = 200, description = "The session", body = Success<CurrentSession>),
        (status = 401, description = "The JWT is missing or bad", body = PlatformErrorBody),
        (status = 403, description = "An API key is not enough", body = PlatformErrorBody),
    )
)]
pub(crate) async fn platform(State(state): State<ControlPlane>, caller: SignedInCaller) -> Answer<Reply> {
    let (user, role) = state.sessions.current(caller.user()).await?;
    let tenant = caller.user().tenant();
    Ok(Reply::success(CurrentSession {
        token: caller.token().to_owned(),
        expires_at: caller.user().expires_at().to_string(),
        user: SignedInUser::new(&state, &user, tenant, role),
    }))
}
