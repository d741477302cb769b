//! The files that pages use, from inside the program.

use crate::Shared;
use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};

/// A file, and its media type.
struct Asset {
    path: &'static str,
    kind: &'static str,
    content: &'static str,
}

const ASSETS: [Asset; 5] = [
    Asset { path: "/assets/icon.svg", kind: "image/svg+xml", content: include_str!("../assets/icon.svg") },
    Asset {
        path: "/assets/console.css",
        kind: "text/css; charset=utf-8",
        content: concat!(include_str!("../assets/console.css"), include_str!("../assets/parts.css")),
    },
    Asset {
        path: "/assets/console.js",
        kind: "text/javascript; charset=utf-8",
        content: include_str!("../assets/console.js"),
    },
    // htmx (https://htmx.org): parts of a page are asked for again without the rest.
    Asset {
        path: "/assets/htmx.js",
        kind: "text/javascript; charset=utf-8",
        content: include_str!("../assets/htmx.js"),
    },
    Asset {
        path: "/assets/htmx.LICENSE",
        kind: "text/plain; charset=utf-8",
        content: include_str!("../assets/htmx.LICENSE"),
    },
];

pub(crate) fn routes() -> Router<Shared> {
    let serve = |asset: &'static Asset| {
        // Once, not a request.
        let tag = tag(asset.content);
        get(move |headers: HeaderMap| async move { answer(asset, tag, &headers) })
    };
    ASSETS.iter().fold(Router::new(), |router, asset| router.route(asset.path, serve(asset)))
}

type Tag = [u8; 18];

/// An entity tag (RFC 9110, 8.8.3) of the content.
fn tag(content: &str) -> Tag {
    let mut tag = [b'"'; 18];
    let digest = digest(&SHA256, content.as_bytes());
    let hex = hex_simd::encode_to_string(&digest.as_ref()[..8], hex_simd::AsciiCase::Lower);
    tag[1..17].copy_from_slice(hex.as_bytes());
    tag
}

/// A browser keeps it, and asks whether it is still the one: an update of the program is seen at once.
fn answer(asset: &Asset, tag: Tag, headers: &HeaderMap) -> Response {
    let known = headers.get(IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag);
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, HeaderValue::from_static(asset.kind))], asset.content).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(ETAG, HeaderValue::from_bytes(&tag).unwrap_or(HeaderValue::from_static("\"\"")));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of which a phone on a slow line waits.
    #[test]
    fn the_files_are_small() {
        let size: usize = ASSETS.iter().map(|asset| asset.content.len()).sum();
        assert!(size < 150_000, "{size} bytes");
    }
}
