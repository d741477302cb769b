//! The demo upstream: what stands behind the gateway of `titan serve --dev`.
//!
//! It answers a part of the routes of the `whatsapp` policy from memory, so that one command shows reads and
//! writes passing the gateway, or being refused by it. It checks no credential: that is the gateway's part.
//! `GET /api/whoami` shows the identity that the gateway handed on.
//!
//! The state lives in one `Arc<Mutex<…>>` made by [`router`] and is bounded: at most 100 sessions and 1,000
//! messages, of which the oldest fall out, and bodies of at most 16 KiB.

mod events;
mod input;
mod messages;
mod object;
mod output;
mod presence;
mod sessions;
mod state;
#[cfg(test)]
mod testing;
mod whoami;
mod world;

use self::output::Failure;
use self::state::Demo;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};

// Together with the counts in `world`, the most memory that a stranger can fill.
const MAX_BODY: usize = 16 * 1024;

/// The routes of the demo upstream, with a state of their own: the session `default`, in it two chats.
///
/// `now` answers the time as RFC 3339 text; it stamps sessions, messages and events.
pub(crate) fn router(now: fn() -> String) -> Router {
    Router::new()
        .route("/api/whoami", get(whoami::whoami))
        .route("/api/messages/send", post(messages::send_from_body))
        .merge(session_routes())
        .fallback(|| async { Failure::missing("no such route") })
        .method_not_allowed_fallback(|| async {
            Failure::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
        })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Demo::new(now))
}

fn session_routes() -> Router<Demo> {
    Router::new()
        .route("/api/sessions", get(sessions::list_sessions).post(sessions::create_session))
        .route("/api/sessions/{session}", get(sessions::read_session).delete(sessions::delete_session))
        .route("/api/sessions/{session}/start", post(sessions::start_session))
        .route("/api/sessions/{session}/stop", post(sessions::stop_session))
        .route("/api/sessions/{session}/events", get(events::session_events))
        .route("/api/sessions/{session}/messages/send", post(messages::send_from_path))
        .route("/api/sessions/{session}/messages/typing", post(presence::show_typing))
        .route("/api/sessions/{session}/presence/{chat}", get(presence::read_presence))
        .route("/api/sessions/{session}/chats", get(messages::list_chats))
        .route("/api/sessions/{session}/chats/{chat}/messages", get(messages::list_messages))
}

#[cfg(test)]
mod tests {
    use super::testing::{DEFAULT, app, call, failure};
    use super::*;

    #[tokio::test]
    async fn reads_of_what_is_unknown_are_404() {
        let app = app();
        for (path, text) in [
            ("/api/sessions/no", "session not found: no"),
            ("/api/sessions/no/chats", "session not found: no"),
            ("/api/sessions/no/chats/1/messages", "session not found: no"),
            ("/api/sessions/no/events", "session not found: no"),
            ("/api/sessions/default/chats/1/messages", "chat not found: 1"),
            ("/nope", "no such route"),
        ] {
            assert_eq!(call(&app, "GET", path, "").await, failure(404, text), "{path}");
        }
        assert_eq!(call(&app, "PUT", DEFAULT, "").await, failure(405, "method not allowed"));
    }

    #[tokio::test]
    async fn bad_bodies_are_answered_in_the_same_shape() {
        let app = app();
        let (status, body) = call(&app, "POST", "/api/sessions", "{").await;
        assert!(status == 400 && body["error"].is_string(), "{status} {body}");
        let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(MAX_BODY));
        let (status, body) = call(&app, "POST", "/api/sessions", &large).await;
        assert!(status == 413 && body["error"].is_string(), "{status} {body}");
    }
}
