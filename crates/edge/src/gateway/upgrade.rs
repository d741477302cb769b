//! WebSocket: after 101 both sides talk, and the gateway passes bytes.

use super::headers::drop_hop_by_hop;
use crate::Body;
use http::header::{CONNECTION, HeaderValue, UPGRADE};
use http::{Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use titan_core::Error;
use titan_core::error::Code;

/// The client's side, if it asks for a WebSocket. No other protocol is switched to: what an upstream would
/// do with `h2c`, no policy could look into.
pub(super) fn requested<B>(request: &mut Request<B>) -> Option<OnUpgrade> {
    let headers = request.headers();
    let is_websocket =
        headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let names_upgrade = headers.get_all(CONNECTION).iter().any(|value| {
        value.as_bytes().split(|c| *c == b',').any(|name| name.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
    });
    let is_plain = request.method() == Method::GET && request.version() == Version::HTTP_11;
    (is_websocket && names_upgrade && is_plain).then(|| hyper::upgrade::on(request))
}

/// The answer for the client; where the upstream switched protocols, the two sides are joined.
pub(super) fn connect(
    client: Option<OnUpgrade>,
    mut answer: Response<Incoming>,
) -> Result<Response<Body>, Error> {
    let is_switch = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    let upstream = is_switch.then(|| hyper::upgrade::on(&mut answer));
    drop_hop_by_hop(answer.headers_mut());
    match (upstream, client) {
        (None, _) => Ok(answer.map(Body::Upstream)),
        (Some(_), None) => Err(Error::new(Code::UpstreamUnreachable, "upstream switched protocols unasked")),
        (Some(upstream), Some(client)) => {
            tokio::spawn(join(client, upstream));
            let headers = answer.headers_mut();
            headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            Ok(answer.map(|_| Body::empty()))
        }
    }
}

async fn join(client: OnUpgrade, upstream: OnUpgrade) {
    let (Ok(client), Ok(upstream)) = (client.await, upstream.await) else { return };
    // Either side may go away at any time; that is how such a connection ends.
    let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(upstream)).await;
}
