//! The client of everybody here.

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::time::timeout;

pub(crate) const MASTER_KEY: &str = "fault-master-key-of-more-than-32-characters";

#[derive(Clone)]
pub(crate) struct Client(Pool<HttpConnector, Full<Bytes>>);

pub(crate) struct Answer {
    pub(crate) status: u16,
    /// `Titan-Revocation`, if it is there.
    pub(crate) receipt: Option<String>,
    pub(crate) body: Value,
    /// When its head was here.
    pub(crate) received: Instant,
    /// How often it was asked for.
    pub(crate) attempts: u32,
}

impl Client {
    pub(crate) fn new() -> Self {
        Self(Pool::builder(TokioExecutor::new()).pool_max_idle_per_host(64).build_http())
    }

    /// `None` without an answer, or with half of one.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>, patience: Duration) -> Option<Answer> {
        timeout(patience, self.exchange(request)).await.ok()?
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Option<Answer> {
        let answer = self.0.request(request).await.ok()?;
        let received = Instant::now();
        let (head, body) = answer.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        let receipt = head.headers.get("titan-revocation").and_then(|value| value.to_str().ok());
        Some(Answer {
            status: head.status.as_u16(),
            receipt: receipt.map(str::to_owned),
            body: serde_json::from_slice(&body).unwrap_or_default(),
            received,
            attempts: 1,
        })
    }
}

/// A request with this bearer.
pub(crate) fn request(
    method: &str,
    url: &str,
    bearer: &str,
    body: Option<&Value>,
) -> Result<Request<Full<Bytes>>> {
    let builder =
        Request::builder().method(method).uri(url).header("authorization", format!("Bearer {bearer}"));
    let body = body.map(Value::to_string);
    let builder = if body.is_some() { builder.header("content-type", "application/json") } else { builder };
    Ok(builder.body(Full::from(body.unwrap_or_default()))?)
}

impl Answer {
    pub(crate) fn text_at(&self, pointer: &str) -> String {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    pub(crate) fn number_at(&self, pointer: &str) -> Option<u64> {
        self.body.pointer(pointer).and_then(Value::as_u64)
    }

    /// The number in the receipt with this name.
    pub(crate) fn field(&self, name: &str) -> Option<u64> {
        let pairs = self.receipt.as_deref()?.split(", ");
        pairs.filter_map(|pair| pair.split_once('=')).find(|(own, _)| *own == name)?.1.parse().ok()
    }
}
