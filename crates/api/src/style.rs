//! Each surface has errors in its own words.

use crate::error::{Refused, answer, oauth2_answer};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use titan_core::policy::Style;

/// Says an error again in the words of the surface that the path belongs to.
pub(crate) async fn restyle(request: Request, next: Next) -> Response {
    let style = style(request.uri().path());
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Refused>() {
        Some(Refused(error)) => style.map_or_else(|| oauth2_answer(&error), |style| answer(&error, style)),
        None => response,
    }
}

/// `None`: that of OAuth 2.0, which no policy can name.
fn style(path: &str) -> Option<Style> {
    if path.starts_with("/api/v1/") {
        Some(Style::Platform)
    } else if path.starts_with("/api/api-keys") {
        Some(Style::Whatomate)
    } else if path.starts_with("/oauth2/") {
        None
    } else {
        Some(Style::Titan)
    }
}
