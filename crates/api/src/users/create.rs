//! Make a user.

use super::view::PersonView;
use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::extract::Json;
use crate::reply::{Data, ErrorBody, Reply};
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use titan_core::user::{NewUser, PlainPassword, Role};
use titan_core::wire::required;
use titan_token::TenantId;
use utoipa::ToSchema;

/// The new user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = CreateUser)]
pub(crate) struct Body {
    /// Its address, which no other user has.
    #[schema(required, nullable = false)]
    email: Option<String>,
    /// At least 15 characters, and none of those that are guessed first.
    #[schema(required, nullable = false)]
    password: Option<String>,
    /// `owner`, `admin` or `member`
    #[schema(required, nullable = false)]
    role: Option<String>,
    /// Where; usually the default tenant.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
    tenant_id: Option<u32>,
}

#[utoipa::path(
    post, path = "/admin/users", tag = "admin: users", summary = "Make a user with a role in a tenant",
    request_body = Body,
    security(("masterKey" = [])),
    responses(
        (status = 201, description = "The user", body = Data<PersonView>),
        (status = 400, description = "A field is wrong", body = ErrorBody),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 409, description = "The address is taken", body = ErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = ErrorBody),
        (status = 415, description = "The body is not JSON", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Json(body): Json<Body>,
) -> Answer<Reply> {
    let new = NewUser {
        email: required("email", body.email)?,
        password: PlainPassword::new(required("password", body.password)?)?,
        role: Role::parse(&required("role", body.role)?)?,
        tenant: body.tenant_id.map(TenantId),
    };
    let person = state.users.create(&caller.permit(None)?, new).await?;
    Ok(Reply::data(StatusCode::CREATED, PersonView::from(&person)))
}
