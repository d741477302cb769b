//! The limits of the HTTP library. `activity` and `connection` limit the rest.

use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use std::time::Duration;

/// All headers of a request.
const HEADER_BYTES: usize = 64 * 1024;
/// Requests that run at the same time on one HTTP/2 connection. The client is told, and waits.
const STREAMS: u32 = 128;
/// Streams that the client may reset before Titan has seen their requests. One more ends the connection
/// (CVE-2023-44487).
const EARLY_RESETS: usize = 20;
/// Streams that Titan resets because of errors of the client. One more ends the connection.
const OWN_RESETS: usize = 128;
/// How much of one answer is buffered for a client that does not read it: 8 MiB for all streams together.
const SEND_BYTES: usize = 64 * 1024;
/// After this time without a frame, Titan sends an HTTP/2 client a ping. The client has the same time to answer.
const PING: Duration = Duration::from_secs(15);

pub(super) type Builder = auto::Builder<TokioExecutor>;

pub(super) fn builder() -> Builder {
    let mut builder = Builder::new(TokioExecutor::new());
    // `patience` limits the time for the headers: hyper would set a timer for each request.
    builder.http1().header_read_timeout(None).max_buf_size(HEADER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(64 * 1024)
        .max_concurrent_streams(STREAMS)
        .max_pending_accept_reset_streams(EARLY_RESETS)
        .max_local_error_reset_streams(OWN_RESETS)
        .max_send_buf_size(SEND_BYTES)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    builder
}
