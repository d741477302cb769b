//! A bare axum server, to which `/auth/verify` is compared.
//!
//! `GET /` answers a text. `POST /json` reads a body of the shape of `/auth/verify`'s and answers one of the
//! shape of its answer: what HTTP and JSON cost without any decision.

use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

#[derive(Deserialize)]
struct Question {
    key: String,
}

#[derive(Serialize)]
struct Answer {
    data: Verification,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    valid: bool,
    code: &'static str,
    key_id: String,
    tenant_id: u32,
    scopes: [&'static str; 1],
    label: &'static str,
    expires_at: &'static str,
    rate_limit: Option<u32>,
}

async fn json(Json(question): Json<Question>) -> Json<Answer> {
    let data = Verification {
        valid: true,
        code: "VALID",
        key_id: question.key.chars().take(30).collect(),
        tenant_id: 1,
        scopes: ["sessions:read"],
        label: "bench",
        expires_at: "2090-01-01T00:00:00Z",
        rate_limit: None,
    };
    Json(Answer { data })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let router = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/nothing", get(|| async { StatusCode::NO_CONTENT }))
        .route("/json", post(json));
    axum::serve(TcpListener::bind(address).await?, router).await
}
