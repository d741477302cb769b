//! Rename a key, switch it on or off, limit its requests. `PUT` and `PATCH` are the same: what is not named stays.

use super::view::KeyView;
use crate::ControlPlane;
use crate::caller::{Account, Admin, Authorize};
use crate::error::Answer;
use crate::extract::{Id, Json, Query};
use crate::reply::{Data, ErrorBody, Reply};
use crate::wait::WaitUntil;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use titan_core::Error;
use titan_core::access::{Denial, UpdateKey};
use titan_core::key::{Changed, KeyUpdate};
use titan_core::revision::Wait;
use titan_token::KeyId;
use utoipa::{IntoParams, ToSchema};

/// What shall change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = UpdateKey)]
pub(crate) struct Body {
    /// 1 to 100 characters.
    label: Option<String>,
    /// Off: the key is refused until it is on again.
    is_active: Option<bool>,
    /// How many requests it may make in any 60 seconds: 0 to 10,000,000; 0 is no limit of its own.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 10_000_000_i64)]
    rate_limit: Option<u32>,
}

/// How far it goes.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Reaching {
    /// Also the keys that this key made, and theirs.
    #[serde(default)]
    pub(crate) descendants: bool,
    /// Until when the answer waits.
    #[serde(default)]
    #[param(inline)]
    pub(crate) wait: WaitUntil,
}

macro_rules! admin {
    ($name:ident, $method:ident) => {
        #[utoipa::path(
            $method, path = "/admin/keys/{id}", tag = "admin: keys", summary = "Rename, enable or disable a key",
            params(("id" = String, Path, description = "key_…"), Reaching), request_body = Body,
            security(("masterKey" = [])),
            responses(
                (status = 200, description = "The key as it is now", body = Data<KeyView>),
                (status = 202, description = "The same, perhaps not in force everywhere yet (wait=none)", body = Data<KeyView>),
                (status = 400, description = "A field is wrong, or none is there", body = ErrorBody),
                (status = 401, description = "No master key", body = ErrorBody),
                (status = 403, description = "An API key is not enough", body = ErrorBody),
                (status = 404, description = "No such key", body = ErrorBody),
                (status = 413, description = "The body is over 64 KiB", body = ErrorBody),
                (status = 415, description = "The body is not JSON", body = ErrorBody),
            )
        )]
        pub(crate) async fn $name(
            State(state): State<ControlPlane>,
            caller: Admin,
            Id(id): Id<KeyId>,
            Query(reaching): Query<Reaching>,
            Json(body): Json<Body>,
        ) -> Answer<Reply> {
            let (permit, wait) = (caller.permit(Some(id))?, reaching.wait.into());
            let changed = state.keys.update(&permit, id, body.reaching(&reaching), wait).await?;
            Ok(answer(&state, &changed))
        }
    };
}

macro_rules! account {
    ($name:ident, $method:ident) => {
        #[utoipa::path(
                    $method, path = "/api/account/keys/{id}", tag = "account: keys",
                    summary = "Rename, enable or disable a key of the tenant; any key may disable itself",
                    params(("id" = String, Path, description = "key_…"), Reaching), request_body = Body,
                    security(("apiKey" = []), ("apiKeyHeader" = [])),
                    responses(
                        (status = 200, description = "The key as it is now", body = Data<KeyView>),
                        (status = 202, description = "The same, perhaps not in force everywhere yet (wait=none)", body = Data<KeyView>),
                        (status = 400, description = "A field is wrong, or none is there", body = ErrorBody),
                        (status = 401, description = "The API key is missing or bad", body = ErrorBody),
                        (status = 403, description = "keys:manage is lacking", body = ErrorBody),
                        (status = 404, description = "No such key in this tenant", body = ErrorBody),
                        (status = 413, description = "The body is over 64 KiB", body = ErrorBody),
                        (status = 415, description = "The body is not JSON", body = ErrorBody),
                    )
                )]
        pub(crate) async fn $name(
            State(state): State<ControlPlane>,
            caller: Account,
            Id(id): Id<KeyId>,
            Query(reaching): Query<Reaching>,
            Json(body): Json<Body>,
        ) -> Answer<Reply> {
            let changed = update_for(&state, &caller, id, body.reaching(&reaching), reaching.wait.into()).await?;
            Ok(answer(&state, &changed).with_deprecation(caller.key()))
        }
    };
}

admin!(admin_put, put);
admin!(admin_patch, patch);
account!(account_put, put);
account!(account_patch, patch);

impl Body {
    fn reaching(self, reaching: &Reaching) -> KeyUpdate {
        KeyUpdate {
            label: self.label,
            is_active: self.is_active,
            rate_limit: self.rate_limit,
            with_descendants: reaching.descendants,
        }
    }
}

/// A key that may not manage keys may still switch itself off, and nothing more.
async fn update_for(
    state: &ControlPlane,
    caller: &Account,
    id: KeyId,
    update: KeyUpdate,
    wait: Wait,
) -> Result<Changed, Error> {
    let KeyUpdate { label, is_active, rate_limit, with_descendants } = &update;
    let is_mere_disable =
        label.is_none() && rate_limit.is_none() && *is_active == Some(false) && !with_descendants;
    match caller.permit::<UpdateKey>(Some(id)) {
        Ok(permit) => state.keys.update(&permit, id, update, wait).await,
        Err(Denial::InsufficientScope(_) | Denial::WrongCredential(_)) if is_mere_disable => {
            state.keys.disable(&caller.permit(Some(id))?, id, wait).await
        }
        Err(denial) => Err(denial.into()),
    }
}

fn answer(state: &ControlPlane, changed: &Changed) -> Reply {
    Reply::data(StatusCode::OK, KeyView::new(&state.keys, &changed.key)).receipt(Some(changed.receipt))
}
