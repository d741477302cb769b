//! Retire a signing key at once: all that it signed is revoked.

use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::extract::{Id, Query};
use crate::reply::{ErrorBody, Reply};
use crate::wait::Waiting;
use axum::extract::State;
use titan_core::Error;
use titan_token::Slot;

#[utoipa::path(
    delete, path = "/admin/signing-keys/{slot}", tag = "admin: signing keys",
    summary = "Retire a signing key: every key that it signed is revoked",
    params(("slot" = u8, Path, description = "0 to 15"), Waiting),
    security(("masterKey" = [])),
    responses(
        (status = 202, description = "It is committed, but perhaps not in force everywhere yet (wait=none)"),
        (status = 204, description = "No instance accepts what it signed"),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 404, description = "No such slot, or retired already", body = ErrorBody),
        (status = 409, description = "This slot signs new keys: rotate first", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Id(slot): Id<u8>,
    Query(waiting): Query<Waiting>,
) -> Answer<Reply> {
    let slot = Slot::new(slot).ok_or_else(|| Error::not_found("signing key"))?;
    let receipt = state.signing_keys.retire(&caller.permit(None)?, slot, waiting.wait.into()).await?;
    Ok(Reply::empty().receipt(Some(receipt)))
}
