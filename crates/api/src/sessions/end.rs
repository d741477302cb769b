//! End a session: the one with which one asks, or another of one's own.

use crate::ControlPlane;
use crate::caller::{Authorize, SignedInCaller};
use crate::error::Answer;
use crate::extract::{Id, Query};
use crate::reply::{PlatformErrorBody, Reply};
use crate::wait::Waiting;
use axum::extract::State;
use titan_token::SessionId;

#[utoipa::path(
    post, path = "/api/v1/auth/logout", tag = "platform: sessions", summary = "Sign out", params(Waiting),
    security(("jwt" = [])),
    responses(
        (status = 202, description = "It is committed, but perhaps not in force everywhere yet (wait=none)"),
        (status = 204, description = "No instance accepts its tokens any more"),
        (status = 400, description = "A parameter is wrong", body = PlatformErrorBody),
        (status = 401, description = "The JWT is missing or bad", body = PlatformErrorBody),
        (status = 403, description = "An API key is not enough", body = PlatformErrorBody),
        (status = 404, description = "Another request has just ended it", body = PlatformErrorBody),
    )
)]
pub(crate) async fn logout(
    State(state): State<ControlPlane>,
    caller: SignedInCaller,
    Query(waiting): Query<Waiting>,
) -> Answer<Reply> {
    let receipt = state.sessions.end(&caller.permit(None)?, None, waiting.wait.into()).await?;
    Ok(Reply::empty().receipt(Some(receipt)))
}

#[utoipa::path(
    delete, path = "/api/v1/auth/sessions/{id}", tag = "platform: sessions", summary = "End one of one's sessions",
    params(("id" = String, Path, description = "ses_…"), Waiting),
    security(("jwt" = [])),
    responses(
        (status = 202, description = "It is committed, but perhaps not in force everywhere yet (wait=none)"),
        (status = 204, description = "No instance accepts its tokens any more"),
        (status = 400, description = "A parameter is wrong", body = PlatformErrorBody),
        (status = 401, description = "The JWT is missing or bad", body = PlatformErrorBody),
        (status = 403, description = "An API key is not enough", body = PlatformErrorBody),
        (status = 404, description = "No such session, or it has ended", body = PlatformErrorBody),
    )
)]
pub(crate) async fn platform(
    State(state): State<ControlPlane>,
    caller: SignedInCaller,
    Id(id): Id<SessionId>,
    Query(waiting): Query<Waiting>,
) -> Answer<Reply> {
    let receipt = state.sessions.end(&caller.permit(None)?, Some(id), waiting.wait.into()).await?;
    Ok(Reply::empty().receipt(Some(receipt)))
}
