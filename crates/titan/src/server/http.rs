//! How HTTP is spoken: the limits of the library. What it does not limit, `activity` and `connection` do.

use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use std::time::Duration;

/// All headers of a request.
const HEADER_BYTES: usize = 64 * 1024;
/// Requests of one HTTP/2 connection at once. A client learns it and waits.
const STREAMS: u32 = 128;
/// Streams that were reset before a worker saw them; one more ends the connection (CVE-2023-44487).
const EARLY_RESETS: usize = 20;
/// Streams that we reset for their mistakes; one more ends the connection.
const OWN_RESETS: usize = 128;
/// What is kept of one answer for a client that does not take it: of all streams together 8 MiB.
const SEND_BYTES: usize = 64 * 1024;
/// A client of HTTP/2 that says nothing is asked whether it is there, and has this long to say so.
const PING: Duration = Duration::from_secs(15);

pub(super) type Builder = auto::Builder<TokioExecutor>;

pub(super) fn builder() -> Builder {
    let mut builder = Builder::new(TokioExecutor::new());
    // The time until a request is whole is the connection's matter: hyper would set a timer for each request.
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
