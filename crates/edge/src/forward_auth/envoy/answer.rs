//! The answers: what Envoy does with the request.

use super::proto::{
    CheckResponse, DeniedHttpResponse, HeaderValue as Field, HeaderValueOption, HttpResponse, HttpStatus,
    OVERWRITE_IF_EXISTS_OR_ADD, OkHttpResponse, Status,
};
use super::{Checked, grpc};
use crate::Guard;
use crate::access_log::Entry;
use crate::admission::{API_KEY, Admitted, Refused};
use crate::gateway::{is_bearer, is_claim};
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body_util::{BodyExt, Collected};

/// `google.rpc.Code`
const OK: i32 = 0;
const INVALID_ARGUMENT: i32 = 3;
const NOT_FOUND: i32 = 5;
const PERMISSION_DENIED: i32 = 7;
const RESOURCE_EXHAUSTED: i32 = 8;
const UNAVAILABLE: i32 = 14;
const UNAUTHENTICATED: i32 = 16;

/// Every identity header is set, empty where it is unknown, and the credential is removed.
pub(super) fn yes(admitted: &Admitted, guard: &Guard, asked: &HeaderMap) -> Checked {
    let (mut identity, mut notes) = (HeaderMap::new(), HeaderMap::new());
    admitted.identity(guard).write(&mut identity);
    admitted.note(guard, &mut notes);
    let yes = OkHttpResponse {
        headers: options(&identity),
        headers_to_remove: removed(asked, &identity),
        response_headers_to_add: options(&notes),
    };
    checked(StatusCode::OK, OK, HttpResponse::OkResponse(yes))
}

/// The answer of the gateway, in a message.
pub(super) async fn no(refused: Refused, entry: &mut Entry) -> Checked {
    let (head, body) = refused.response(entry).into_parts();
    // It is a text of ours, and here already.
    let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    let no = DeniedHttpResponse {
        status: Some(HttpStatus { code: i32::from(head.status.as_u16()) }),
        headers: options(&head.headers),
        body,
    };
    let mut checked = checked(head.status, code(head.status), HttpResponse::DeniedResponse(no));
    // The cause of a failure, for the log.
    checked.response.extensions_mut().extend(head.extensions);
    checked
}

fn checked(status: StatusCode, code: i32, http_response: HttpResponse) -> Checked {
    let answer = CheckResponse { status: Some(Status { code }), http_response: Some(http_response) };
    Checked { response: grpc::reply(&answer), status }
}

/// The code that goes with a refusal. It is never 0, which would be a yes.
fn code(status: StatusCode) -> i32 {
    match status {
        StatusCode::BAD_REQUEST => INVALID_ARGUMENT,
        StatusCode::NOT_FOUND => NOT_FOUND,
        StatusCode::SERVICE_UNAVAILABLE => UNAVAILABLE,
        StatusCode::TOO_MANY_REQUESTS => RESOURCE_EXHAUSTED,
        StatusCode::UNAUTHORIZED => UNAUTHENTICATED,
        _ => PERMISSION_DENIED,
    }
}

fn options(headers: &HeaderMap) -> Vec<HeaderValueOption> {
    let option = |(name, value): (&HeaderName, &HeaderValue)| HeaderValueOption {
        header: Some(Field {
            key: Bytes::copy_from_slice(name.as_str().as_bytes()),
            value: Bytes::copy_from_slice(value.as_bytes()),
            raw_value: Bytes::new(),
        }),
        append_action: OVERWRITE_IF_EXISTS_OR_ADD,
        keep_empty_value: true,
    };
    headers.iter().map(option).collect()
}

/// What the gateway removes too: the credential, and what a server could take for a word of ours.
///
/// None of those that are set, as Envoy removes last.
fn removed(asked: &HeaderMap, identity: &HeaderMap) -> Vec<String> {
    let has_bearer = asked.get_all(AUTHORIZATION).iter().any(|value| is_bearer(value.as_bytes()));
    let claims = asked.keys().filter(|name| is_claim(name.as_str(), true) && !identity.contains_key(*name));
    let credentials = [Some(API_KEY), has_bearer.then_some(AUTHORIZATION)];
    claims.cloned().chain(credentials.into_iter().flatten()).map(|name| name.as_str().to_owned()).collect()
}
