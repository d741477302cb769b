//! The API behind the gateways. A request that reaches it was accepted, even if the answer is lost.

use crate::ledger::Ledger;
use anyhow::Result;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::future::ready;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

/// The header with which a request says which key it carries, and when it was sent.
pub(crate) const HEADER: &str = "x-fault";

/// Serves until the ledger is gone.
pub(crate) async fn serve(ledger: &Arc<Ledger>) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let ledger = Arc::downgrade(ledger);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Some(ledger) = ledger.upgrade() else { return };
            let service = service_fn(move |request| ready(Ok::<_, Infallible>(answer(&ledger, &request))));
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    Ok(address)
}

fn answer(ledger: &Ledger, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    if let Some(mark) = request.headers().get(HEADER).and_then(|value| value.to_str().ok()) {
        ledger.reached_upstream(mark);
    }
    Response::new(Full::from("{}"))
}
