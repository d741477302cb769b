//! `/openapi.json`, and `/docs`: an explorer whose every file is in the program.

use crate::error::Answer;
use crate::{ControlPlane, routes as control_plane};
use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use flate2::read::GzDecoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue};
use std::io::Read;
use std::sync::Arc;
use titan_core::Error;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, Info, License, OpenApi};
use utoipa_swagger_ui::{Config, serve};

/// The explorer runs its own scripts alone, and talks to this server alone.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:";

/// The OpenAPI document of this control plane and of `others`.
pub fn document(others: Vec<OpenApi>) -> OpenApi {
    let (_, mut document) = control_plane().split_for_parts();
    for other in others {
        document.merge(other);
    }
    document.info = info();
    let bearer = |text| {
        SecurityScheme::Http(
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(text)).build(),
        )
    };
    let header = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-Key")));
    let schemes = ComponentsBuilder::new()
        .security_scheme("masterKey", bearer("The master key, MASTER_KEY"))
        .security_scheme("apiKey", bearer("An API key, titan_…"))
        .security_scheme("apiKeyHeader", header)
        .security_scheme("jwt", bearer("The JWT of a session, from POST /api/v1/auth/login"))
        .build();
    let components = document.components.get_or_insert_default();
    components.security_schemes.extend(schemes.security_schemes);
    document
}

fn info() -> Info {
    let mut info = Info::new("Titan", env!("CARGO_PKG_VERSION"));
    info.description =
        Some("API keys that are verified from their own bytes and revoked at once.".to_owned());
    let mut license = License::new(env!("CARGO_PKG_LICENSE"));
    license.identifier = Some(env!("CARGO_PKG_LICENSE").to_owned());
    info.license = Some(license);
    info
}

pub(crate) fn routes(document: &Arc<OpenApi>) -> Router<ControlPlane> {
    let json: Arc<str> = document.to_json().unwrap_or_default().into();
    let config = Arc::new(Config::from("/openapi.json"));
    Router::new()
        .route("/openapi.json", get(move || std::future::ready(json_answer(&json))))
        .route("/docs", get(async || Redirect::permanent("/docs/")))
        .route(
            "/docs/",
            get({
                let config = Arc::clone(&config);
                async move |headers: HeaderMap| file("index.html", &headers, config)
            }),
        )
        .route(
            "/docs/{*path}",
            get(async move |Path(path): Path<String>, headers: HeaderMap| file(&path, &headers, config)),
        )
}

fn json_answer(json: &str) -> Response {
    ([(CONTENT_TYPE, "application/json")], json.to_owned()).into_response()
}

/// A file of the explorer. Most are compressed in the program, and stay so for a client that understands it.
fn file(path: &str, asked: &HeaderMap, config: Arc<Config<'static>>) -> Answer<Response> {
    let file = serve(path, config).map_err(|error| Error::internal(error.to_string()))?;
    let Some(file) = file else { return Ok(no_such_page_now()) };
    let goes_as_it_is = !file.gzpipped || accepts_gzip(asked);
    let bytes = if goes_as_it_is { file.bytes.into_owned() } else { decompress(&file.bytes)? };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::try_from(file.content_type).map_err(Error::internal)?);
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(VARY, HeaderValue::from(ACCEPT_ENCODING));
    if file.gzpipped && goes_as_it_is {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

/// A client that names gzip with a weight (RFC 9110, 12.5.3) gets the plain file, which is always right.
fn accepts_gzip(asked: &HeaderMap) -> bool {
    let values = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| coding.trim().eq_ignore_ascii_case("gzip"))
}

fn decompress(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut plain).map_err(Error::internal)?;
    Ok(plain)
}

fn no_such_page_now() -> Response {
    crate::ApiError::from(Error::not_found("page")).into_response()
}
