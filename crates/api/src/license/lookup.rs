//! See the license.

use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::reply::{Data, ErrorBody, Reply};
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use titan_core::license::{License, Validity};
use titan_core::time::Timestamp;
use utoipa::ToSchema;

/// The claims of the license.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = License)]
struct LicenseView {
    /// How many sessions may be open at the same time; null: any number.
    session_limit: Option<u32>,
    /// `aws`, `azure`, `docker`, `gcp`, `kubernetes`, or `any`
    platform: &'static str,
    /// RFC 3339
    issued_at: String,
    /// RFC 3339
    expires_at: String,
    /// For how many days after that requests still pass.
    grace_period_days: u32,
    /// The AWS account in which alone it may be used.
    aws_account_id: Option<String>,
    /// Whether it has expired.
    is_expired: bool,
    /// Whether it has expired, and requests still pass.
    is_in_grace_period: bool,
}

impl LicenseView {
    fn new(license: &License, now: Timestamp) -> Self {
        let validity = license.validity(now);
        Self {
            session_limit: license.session_limit,
            platform: license.platform.name(),
            issued_at: license.issued_at.to_string(),
            expires_at: license.expires_at.to_string(),
            grace_period_days: license.grace_period_days,
            aws_account_id: license.aws_account_id.clone(),
            is_expired: validity != Validity::Valid,
            is_in_grace_period: validity == Validity::InGrace,
        }
    }
}

#[utoipa::path(
    get, path = "/admin/license", tag = "admin: license", summary = "See the license",
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "The license", body = Data<LicenseView>),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 404, description = "No license is installed: nothing is limited", body = ErrorBody),
    )
)]
pub(crate) async fn admin(State(state): State<ControlPlane>, caller: Admin) -> Answer<Reply> {
    let (license, now) = state.license.lookup(&caller.permit(None)?)?;
    Ok(Reply::data(StatusCode::OK, LicenseView::new(&license, now)))
}
