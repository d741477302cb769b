//! `/openapi.json`, and `/docs`: an explorer whose every file is in the program.

use crate::error::Answer;
use crate::{ControlPlane, routes as control_plane};
use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
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
                async move || file("index.html", config)
            }),
        )
        .route("/docs/{*path}", get(async move |Path(path): Path<String>| file(&path, config)))
}

fn json_answer(json: &str) -> Response {
    ([(CONTENT_TYPE, "application/json")], json.to_owned()).into_response()
}

/// A file of the explorer.
fn file(path: &str, config: Arc<Config<'static>>) -> Answer<Response> {
    let file = serve(path, config).map_err(|error| Error::internal(error.to_string()))?;
    let Some(file) = file else { return Ok(no_such_page_now()) };
    let mut response = file.bytes.into_owned().into_response();
    let content_type = HeaderValue::try_from(file.content_type).map_err(Error::internal)?;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}

fn no_such_page_now() -> Response {
    crate::ApiError::from(Error::not_found("page")).into_response()
}
