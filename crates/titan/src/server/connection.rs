//! One connection, from the socket to its end.

use super::activity::{Activity, Call, Exchange};
use super::connections::Place;
use super::counted::Counted;
use super::exchange::answer;
use super::patience::{FIRST_REQUEST, Patience, Verdict};
use super::stream::Stream;
use super::tls::{Tls, handshake};
use super::worker::Worker;
use crate::dispatch::{Client, Port};
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulConnection;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

/// Serves a connection until it ends, its time is over, or another connection needs its place.
pub(super) async fn serve(worker: Arc<Worker>, socket: TcpStream, client: Arc<Client>, place: Place) {
    let activity = Arc::clone(place.activity());
    let patience = Patience::new(&worker.limits);
    let socket = Counted::new(socket, place);
    let Some(stream) = secure(worker.tls(client.port), client.port, socket, &activity).await else { return };
    let service = service_fn(|request: Request<Incoming>| {
        activity.speaks(request.version());
        answer(Arc::clone(&worker), request, Arc::clone(&client), Exchange::begin(&activity))
    });
    let connection = worker.http.serve_connection_with_upgrades(TokioIo::new(stream), service);
    if let Err(error) = run(pin!(connection), &activity, patience).await {
        tracing::debug!(error = error.to_string(), "connection ended");
    }
}

/// The stream for HTTP. None if the handshake fails or takes too long, or if another connection needs the place.
async fn secure(tls: Option<&Tls>, port: Port, socket: Counted, activity: &Activity) -> Option<Stream> {
    let Some(tls) = tls else { return Some(Stream::Plain(socket)) };
    tokio::select! {
        biased;
        stream = handshake(tls, port, socket) => stream.map(Stream::Tls),
        () = activity.called() => None,
        () = sleep(FIRST_REQUEST) => None,
    }
}

async fn run<C: GracefulConnection>(
    mut connection: Pin<&mut C>,
    activity: &Activity,
    mut patience: Patience,
) -> Result<(), C::Error> {
    let mut timer = pin!(sleep(patience.first()));
    let mut is_finishing = false;
    poll_fn(|cx| {
        loop {
            if let Poll::Ready(ended) = connection.as_mut().poll(cx) {
                return Poll::Ready(ended);
            }
            match next(activity, &mut patience, timer.as_mut(), cx) {
                Call::GiveUp => return Poll::Ready(Ok(())),
                Call::Finish if !is_finishing => {
                    is_finishing = true;
                    // If nothing runs, the connection ends at once.
                    connection.as_mut().graceful_shutdown();
                }
                Call::Finish | Call::GoOn => return Poll::Pending,
            }
        }
    })
    .await
}

/// What a waiting connection must do, according to its time limits and to what others ask of it.
fn next(
    activity: &Activity,
    patience: &mut Patience,
    mut timer: Pin<&mut Sleep>,
    cx: &mut Context<'_>,
) -> Call {
    let call = activity.poll_call(cx);
    if call == Call::GiveUp && !activity.is_running() {
        return Call::GiveUp;
    }
    while timer.as_mut().poll(cx).is_ready() {
        match patience.look(activity) {
            Verdict::Close => return Call::GiveUp,
            Verdict::Finish(wait) => {
                timer.as_mut().reset(Instant::now() + wait);
                // Polling registers the new time with the runtime.
                let _ = timer.poll(cx);
                return Call::Finish;
            }
            Verdict::Wait(wait) => timer.as_mut().reset(Instant::now() + wait),
        }
    }
    if call == Call::Finish { Call::Finish } else { Call::GoOn }
}
