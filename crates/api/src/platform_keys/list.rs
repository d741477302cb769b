//! See one's keys.

use super::view::PlatformKeyView;
use crate::ControlPlane;
use crate::caller::{Authorize, SignedInCaller};
use crate::error::Answer;
use crate::extract::Query;
use crate::keys::{check_limit, cursor};
use crate::reply::{PlatformErrorBody, PlatformList, Reply};
use axum::extract::State;
use serde::Deserialize;
use titan_core::Error;
use titan_core::key::{Order, Sort};
use titan_token::UserId;
use utoipa::IntoParams;

/// Whose keys, and which part of the list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Params {
    /// Those of another member of the tenant, `usr_…`: for admins and owners.
    owner_id: Option<String>,
    /// How many at most: 1 to 1000, usually 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next_cursor` of the part before.
    cursor: Option<String>,
}

#[utoipa::path(
    get, path = "/api/v1/api-keys", tag = "platform: keys", summary = "See one's keys, the newest first",
    params(Params),
    security(("jwt" = [])),
    responses(
        (status = 200, description = "Keys", body = PlatformList<PlatformKeyView>),
        (status = 400, description = "A parameter is wrong", body = PlatformErrorBody),
        (status = 401, description = "The JWT is missing or bad", body = PlatformErrorBody),
        (status = 403, description = "An API key is not enough, or another user's keys were asked for", body = PlatformErrorBody),
    )
)]
pub(crate) async fn platform(
    State(state): State<ControlPlane>,
    caller: SignedInCaller,
    Query(query): Query<Params>,
) -> Answer<Reply> {
    let (sort, order) = (Sort::Created, Order::Descending);
    let after = query.cursor.as_deref().map(|text| cursor::parse(text, sort, order)).transpose()?;
    let owner = query.owner_id.as_deref().map(parse_owner).transpose()?;
    let limit = check_limit(query.limit)?;
    let page = state.keys.list_own(&caller.permit(None)?, owner, after, limit).await?;
    let views = page.keys.iter().map(|key| PlatformKeyView::new(&state.keys, key)).collect();
    Ok(Reply::success_list(views, page.next.map(|at| cursor::print(sort, order, at))))
}

fn parse_owner(text: &str) -> Result<UserId, Error> {
    text.parse().map_err(|_| Error::invalid("owner_id: must be the id of a user (usr_…)"))
}
