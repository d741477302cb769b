//! Switch a user on or off, or set its password. `PUT` and `PATCH` are the same.

use super::view::PersonView;
use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::extract::{Id, Json, Query};
use crate::reply::{Data, ErrorBody, Reply};
use crate::wait::Waiting;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use titan_core::user::{PlainPassword, UserUpdate};
use titan_token::UserId;
use utoipa::ToSchema;

/// What shall change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = UpdateUser)]
pub(crate) struct Body {
    /// Off: its sessions end, and it cannot sign in.
    is_active: Option<bool>,
    /// A new password. All sessions end.
    password: Option<String>,
    /// True removes the second factor of somebody who lost it. Only with a new password.
    #[serde(default)]
    remove_second_factor: bool,
}

macro_rules! admin {
    ($name:ident, $method:ident) => {
        #[utoipa::path(
                    $method, path = "/admin/users/{id}", tag = "admin: users",
                    summary = "Switch a user on or off, set its password, remove its second factor",
                    params(("id" = String, Path, description = "usr_…"), Waiting), request_body = Body,
                    security(("masterKey" = [])),
                    responses(
                        (status = 200, description = "The user as it is now", body = Data<PersonView>),
                        (status = 202, description = "The same, perhaps not in force everywhere yet (wait=none)", body = Data<PersonView>),
                        (status = 400, description = "A field is wrong, or none is there", body = ErrorBody),
                        (status = 401, description = "No master key", body = ErrorBody),
                        (status = 403, description = "An API key is not enough", body = ErrorBody),
                        (status = 404, description = "No such user", body = ErrorBody),
                        (status = 413, description = "The body is over 64 KiB", body = ErrorBody),
                        (status = 415, description = "The body is not JSON", body = ErrorBody),
                    )
                )]
        pub(crate) async fn $name(
            State(state): State<ControlPlane>,
            caller: Admin,
            Id(id): Id<UserId>,
            Query(waiting): Query<Waiting>,
            Json(body): Json<Body>,
        ) -> Answer<Reply> {
            let password = body.password.map(PlainPassword::new).transpose()?;
            let update = UserUpdate {
                is_active: body.is_active,
                password,
                removes_second_factor: body.remove_second_factor,
            };
            let (permit, wait) = (caller.permit(None)?, waiting.wait.into());
            let (person, receipt) = state.users.update(&permit, id, update, wait).await?;
            Ok(Reply::data(StatusCode::OK, PersonView::from(&person)).receipt(Some(receipt)))
        }
    };
}

admin!(admin_put, put);
admin!(admin_patch, patch);
