//! Accept an invitation: with a password for a new account, or with the JWT of the account that is there.

use crate::ControlPlane;
use crate::caller::{Authorize, PerhapsSignedIn, Visitor};
use crate::error::Answer;
use crate::extract::Json;
use crate::reply::{PlatformErrorBody, Reply, Success};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use titan_core::Error;
use titan_core::invitation::{Acceptance, Accepted};
use titan_core::user::PlainPassword;
use titan_core::wire::required;
use utoipa::ToSchema;

/// The secret, and a password for who has no account yet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AcceptInvitation)]
pub(crate) struct Body {
    /// `titan_inv_…`
    #[schema(required, nullable = false)]
    token: Option<String>,
    /// At least 15 characters. Not with a JWT.
    password: Option<String>,
}

/// Who is a member now.
#[derive(Serialize, ToSchema)]
pub(crate) struct AcceptedView {
    /// `usr_…`
    user_id: String,
    /// Its address.
    email: String,
    /// Where.
    tenant_id: u32,
    /// `owner`, `admin` or `member`
    role: &'static str,
}

#[utoipa::path(
    post, path = "/api/v1/auth/invitations/accept", tag = "platform: people", summary = "Accept an invitation",
    request_body = Body,
    security((), ("jwt" = [])),
    responses(
        (status = 200, description = "A member now: sign in", body = Success<AcceptedView>),
        (status = 400, description = "A field is wrong, or the password is no good one", body = PlatformErrorBody),
        (status = 401, description = "The JWT is bad", body = PlatformErrorBody),
        (status = 403, description = "There is an account with this address: send its JWT; or the JWT is of another one", body = PlatformErrorBody),
        (status = 404, description = "It was used or withdrawn, or it has expired", body = PlatformErrorBody),
        (status = 409, description = "A member already", body = PlatformErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = PlatformErrorBody),
        (status = 415, description = "The body is not JSON", body = PlatformErrorBody),
    )
)]
pub(crate) async fn platform(
    State(state): State<ControlPlane>,
    visitor: Visitor,
    PerhapsSignedIn(caller): PerhapsSignedIn,
    Json(body): Json<Body>,
) -> Answer<Reply> {
    let token = required("token", body.token)?;
    let by = match (caller, body.password) {
        (Some(_), Some(_)) => return Err(Error::invalid("password: must not be sent with a JWT").into()),
        (Some(caller), None) => Acceptance::User(caller.permit(None)?),
        (None, password) => Acceptance::New(PlainPassword::new(required("password", password)?)?),
    };
    let accepted = state.invitations.accept(&token, by, &visitor.origin).await?;
    Ok(Reply::success(AcceptedView::from(&accepted)))
}

impl From<&Accepted> for AcceptedView {
    fn from(accepted: &Accepted) -> Self {
        Self {
            user_id: accepted.user.id.to_string(),
            email: accepted.user.email.to_string(),
            tenant_id: accepted.membership.tenant.0,
            role: accepted.membership.role.name(),
        }
    }
}
