//! WebSocket: after 101 both sides talk, and the gateway passes bytes.

use super::counted::Counted;
use super::headers::prepare_answer;
use crate::Body;
use crate::access_log::Entry;
use crate::upstream::Relay;
use crate::watch::CredentialWatch;
use http::header::{CONNECTION, HeaderValue, UPGRADE};
use http::{Method, Request, Response, StatusCode, Version};
use hyper::upgrade::OnUpgrade;
use std::sync::Arc;
use titan_core::Error;
use titan_core::error::Code;
use tokio::sync::RwLock;

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
    mut answer: Response<Relay>,
    watch: CredentialWatch,
    tunnels: &Tunnels,
    entry: &mut Entry,
) -> Result<Response<Body>, Error> {
    let is_switch = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    let upstream = is_switch.then(|| hyper::upgrade::on(&mut answer));
    prepare_answer(answer.headers_mut());
    match (upstream, client) {
        (None, _) => Ok(answer.map(Body::Upstream)),
        (Some(_), None) => Err(Error::new(Code::UpstreamUnreachable, "upstream switched protocols unasked")),
        (Some(upstream), Some(client)) => {
            tokio::spawn(tunnels.while_open(join(client, upstream, watch, entry.take_for_tunnel())));
            let headers = answer.headers_mut();
            headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            Ok(answer.map(|_| Body::empty()))
        }
    }
}

async fn join(client: OnUpgrade, upstream: OnUpgrade, watch: CredentialWatch, mut entry: Entry) {
    let (Ok(client), Ok(upstream)) = (client.await, upstream.await) else { return };
    let (mut client, mut upstream) = (Counted::new(client), Counted::new(upstream));
    // Either side may go away at any time; that is how such a connection ends.
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut upstream) => {}
        _ = watch.cut() => {}
    }
    entry.tunnel_ended(client.bytes_read, upstream.bytes_read);
}

/// The connections that are joined now, so that an orderly end can wait for them.
#[derive(Default)]
pub(super) struct Tunnels(Arc<RwLock<()>>);

impl Tunnels {
    /// Runs `tunnel`, counted as open until it ends.
    fn while_open<F: Future<Output = ()>>(&self, tunnel: F) -> impl Future<Output = ()> + use<F> {
        let lock = Arc::clone(&self.0);
        async move {
            let _open = lock.read_owned().await;
            tunnel.await;
        }
    }

    /// Waits until none is open.
    pub(super) async fn closed(&self) {
        drop(self.0.write().await);
    }
}
