//! Make a key.

use super::view::MadeOpaqueKeyView;
use crate::ControlPlane;
use crate::caller::{Authorize, PeopleCaller};
use crate::error::Answer;
use crate::extract::Json;
use crate::reply::{Reply, WhatomateErrorBody, WhatomateSuccess};
use axum::extract::State;
use serde::Deserialize;
use titan_core::Error;
use titan_core::opaque::NewOpaque;
use titan_core::time::Timestamp;
use utoipa::ToSchema;

/// What the new key shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateOpaqueKey)]
pub(crate) struct Body {
    /// 1 to 255 characters.
    #[schema(required, nullable = false)]
    name: Option<String>,
    /// RFC 3339. Null, or an empty text: never.
    expires_at: Option<String>,
}

#[utoipa::path(
    post, path = "/api/api-keys", tag = "whatomate: keys", summary = "Make a key", request_body = Body,
    security(("apiKeyHeader" = []), ("jwt" = [])),
    responses(
        (status = 200, description = "The key, shown this once", body = WhatomateSuccess<MadeOpaqueKeyView>),
        (status = 400, description = "A field is wrong", body = WhatomateErrorBody),
        (status = 401, description = "The credential is missing or bad", body = WhatomateErrorBody),
        (status = 403, description = "Another kind of credential, or the role is neither admin nor owner", body = WhatomateErrorBody),
        (status = 409, description = "The user has too many keys", body = WhatomateErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = WhatomateErrorBody),
        (status = 415, description = "The body is not JSON", body = WhatomateErrorBody),
    )
)]
pub(crate) async fn whatomate(
    State(state): State<ControlPlane>,
    caller: PeopleCaller,
    Json(body): Json<Body>,
) -> Answer<Reply> {
    let expires_at = body.expires_at.filter(|text| !text.is_empty()).map(|text| time(&text)).transpose()?;
    let new = NewOpaque { name: body.name.unwrap_or_default(), expires_at };
    let made = state.opaque_keys.create(&caller.permit(None)?, new).await?;
    Ok(Reply::whatomate(MadeOpaqueKeyView::from(&made)))
}

fn time(text: &str) -> Result<Timestamp, Error> {
    Timestamp::parse(text).ok_or_else(|| Error::invalid("Invalid expires_at format. Use RFC3339 format"))
}
