//! See one's sessions.

use super::view::SessionView;
use crate::ControlPlane;
use crate::caller::{Authorize, SignedInCaller};
use crate::error::Answer;
use crate::reply::{PlatformErrorBody, Reply, Success};
use axum::extract::State;

#[utoipa::path(
    get, path = "/api/v1/auth/sessions", tag = "platform: sessions", summary = "See one's sessions, the oldest first",
    security(("jwt" = [])),
    responses(
        (status = 200, description = "Sessions: at most 50", body = Success<Vec<SessionView>>),
        (status = 401, description = "The JWT is missing or bad", body = PlatformErrorBody),
        (status = 403, description = "An API key is not enough", body = PlatformErrorBody),
    )
)]
pub(crate) async fn platform(State(state): State<ControlPlane>, caller: SignedInCaller) -> Answer<Reply> {
    let sessions = state.sessions.list(&caller.permit(None)?).await?;
    let current = caller.user().session();
    let views: Vec<SessionView> = sessions.iter().map(|session| SessionView::new(session, current)).collect();
    Ok(Reply::success(views))
}
