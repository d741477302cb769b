//! What is asked and answered.

use super::VerifyCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The key in question, and what it shall be good for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct VerifyRequest {
    /// The key, as it was presented.
    pub(super) key: Option<String>,
    /// Scopes that it must have. It must have all of them.
    #[serde(default)]
    pub(super) scopes: Vec<String>,
    /// For how many requests a valid key counts toward its limits: 1 unless it is said, at most 1,000,000.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000)]
    pub(super) cost: Option<u32>,
    /// The method of the request that carried the key. With `path`, the key must also have the policy's scope.
    pub(super) method: Option<String>,
    /// The path of that request.
    pub(super) path: Option<String>,
    /// The address of the client that sent it.
    #[schema(value_type = Option<String>)]
    #[expect(dead_code, reason = "part of the request's shape; counts when failed attempts are limited")]
    pub(super) ip: Option<std::net::IpAddr>,
}

/// The result. For a key that this Titan did not issue, only `valid` and `code` are set.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Whether the request may pass.
    pub(super) valid: bool,
    /// `VALID`, or why not.
    pub(super) code: VerifyCode,
    /// `key_…`
    pub(super) key_id: Option<String>,
    /// The key's tenant.
    pub(super) tenant_id: Option<u32>,
    /// The scopes of the key.
    pub(super) scopes: Option<Vec<String>>,
    /// The label of the key.
    pub(super) label: Option<String>,
    /// RFC 3339
    pub(super) expires_at: Option<String>,
    /// What is left of its tightest limit; null if nothing is limited.
    pub(super) rate_limit: Option<RateLimit>,
}

/// What is left of a limit.
#[derive(Debug, Serialize, ToSchema)]
pub struct RateLimit {
    /// Requests a minute.
    pub(super) limit: u32,
    /// Left in this window.
    pub(super) remaining: u32,
}

/// `{"data": …}`
#[derive(Debug, Serialize, ToSchema)]
pub struct VerifyAnswer {
    pub(super) data: Verification,
}

/// For the OpenAPI document: [`Verifier::handle`] answers it.
#[utoipa::path(
    post,
    path = "/auth/verify",
    tag = "verify",
    summary = "Ask whether a key is good",
    request_body = VerifyRequest,
    security(("masterKey" = []), ("apiKey" = ["keys:verify"])),
    responses(
        (status = 200, description = "The status of the key, good or not", body = VerifyAnswer),
        (status = 400, description = "A field is wrong"),
        (status = 401, description = "The caller's credential is missing or bad"),
        (status = 403, description = "The caller lacks keys:verify"),
        (status = 413, description = "The body is over 64 KiB"),
        (status = 415, description = "The body is not JSON"),
    )
)]
#[expect(dead_code, reason = "carries the documentation of a route that no router serves")]
fn verify_key() {}

/// The part of the OpenAPI document that the edge serves.
#[derive(utoipa::OpenApi)]
#[openapi(paths(verify_key))]
pub struct Document;
