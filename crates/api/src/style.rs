//! Each surface has errors in its own words.

use crate::error::{Refused, answer};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use titan_core::policy::Style;

/// Says an error again in the words of the surface that the path belongs to.
pub(crate) async fn restyle(request: Request, next: Next) -> Response {
    let style = style(request.uri().path());
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Refused>() {
        Some(Refused(error)) if style != Style::Titan => answer(&error, style),
        _ => response,
    }
}

fn style(path: &str) -> Style {
    if path.starts_with("/api/v1/") {
        Style::Platform
    } else if path.starts_with("/api/api-keys") {
        Style::Whatomate
    } else if path.starts_with("/oauth2/") {
        Style::OAuth
    } else {
        Style::Titan
    }
}
