//! See the keys of one's tenant.

use super::view::OpaqueKeyView;
use crate::ControlPlane;
use crate::caller::{Authorize, PeopleCaller};
use crate::error::Answer;
use crate::extract::Query;
use crate::reply::{Reply, WhatomateErrorBody, WhatomateSuccess};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use titan_core::opaque::OpaqueFilter;
use utoipa::{IntoParams, ToSchema};

/// The most keys of a list that is not paged.
const MOST: u32 = 10_000;
/// A page, unless 1 to 100 is asked for.
const USUAL: u32 = 50;

/// Which keys. With any of these, the answer is an object, and without, it is an array.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Params {
    /// Only keys whose name or first digits contain this text.
    search: Option<String>,
    /// From 1. What is no such number is 1.
    page: Option<String>,
    /// 1 to 100. What is no such number is 50.
    limit: Option<String>,
}

/// A page of keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct PageView {
    api_keys: Vec<OpaqueKeyView>,
    /// How many there are in all.
    total: u64,
    page: u32,
    limit: u32,
}

/// A list, or a page of it.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ListView {
    /// Without parameters.
    All(Vec<OpaqueKeyView>),
    /// With one.
    Page(PageView),
}

#[utoipa::path(
    get, path = "/api/api-keys", tag = "whatomate: keys", summary = "See the keys of one's tenant, the newest first",
    params(Params),
    security(("apiKeyHeader" = []), ("jwt" = [])),
    responses(
        (status = 200, description = "Keys", body = WhatomateSuccess<ListView>),
        (status = 400, description = "A parameter is unknown", body = WhatomateErrorBody),
        (status = 401, description = "The credential is missing or bad", body = WhatomateErrorBody),
        (status = 403, description = "Another kind of credential, or the role is neither admin nor owner", body = WhatomateErrorBody),
    )
)]
pub(crate) async fn whatomate(
    State(state): State<ControlPlane>,
    caller: PeopleCaller,
    Query(params): Query<Params>,
) -> Answer<Reply> {
    let number = |text: Option<&String>| text.and_then(|text| text.parse::<u32>().ok());
    let is_paged = params.search.is_some() || params.page.is_some() || params.limit.is_some();
    let page = number(params.page.as_ref()).unwrap_or(1).max(1);
    let limit = number(params.limit.as_ref()).filter(|limit| (1..=100).contains(limit)).unwrap_or(USUAL);
    let limit = if is_paged { limit } else { MOST };
    let offset = (page - 1).saturating_mul(limit);
    let filter = OpaqueFilter { search: params.search, offset, limit };
    let found = state.opaque_keys.list(&caller.permit(None)?, &filter).await?;
    let api_keys = found.keys.iter().map(OpaqueKeyView::from).collect();
    Ok(Reply::whatomate(if is_paged {
        ListView::Page(PageView { api_keys, total: found.total, page, limit })
    } else {
        ListView::All(api_keys)
    }))
}
