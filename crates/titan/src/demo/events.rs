//! The status of a session as server-sent events.

use super::output::Failure;
use super::state::Demo;
use axum::extract::{Path, State};
use axum::response::sse::{Event, Sse};
use futures_util::stream::{self, Stream, StreamExt};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

const MAX_EVENTS: usize = 60;
const EVENT_PERIOD: Duration = Duration::from_secs(1);

/// The status of the session as server-sent events, until the session is gone or the sixtieth event is out.
pub(super) async fn session_events(
    State(demo): State<Demo>,
    Path(name): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, axum::Error>>>, Failure> {
    demo.world().session(&name)?;
    Ok(Sse::new(status_events(demo, name, EVENT_PERIOD)))
}

fn status_events(
    demo: Demo,
    name: String,
    period: Duration,
) -> impl Stream<Item = Result<Event, axum::Error>> {
    let mut clock = interval(period);
    // A reader that fell behind gets the next event, not a burst of those that it missed.
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    stream::unfold((demo, name, clock), |(demo, name, mut clock)| async move {
        clock.tick().await;
        let event = demo.status_event(&name)?;
        Some((event, (demo, name, clock)))
    })
    .take(MAX_EVENTS)
}

#[cfg(test)]
mod tests {
    use super::super::testing::app;
    use super::*;
    use axum::body::Body;
    use axum::extract::Request;
    use axum::http::header::CONTENT_TYPE;
    use tower::ServiceExt;

    #[tokio::test]
    async fn the_first_event_comes_at_once() {
        let request = Request::builder().uri("/api/sessions/default/events").body(Body::empty()).unwrap();
        let response = app().oneshot(request).await.unwrap();
        assert_eq!(response.headers()[CONTENT_TYPE], "text/event-stream");
        let first = response.into_body().into_data_stream().next().await.unwrap().unwrap();
        let first = std::str::from_utf8(&first).unwrap();
        assert!(first.starts_with("event: session.status\ndata: {"), "{first}");
        assert!(first.contains(r#""payload":{"status":"CONNECTED"}"#), "{first}");
    }

    #[tokio::test]
    async fn events_end_after_sixty_and_with_the_session() {
        let demo = Demo::new(|| "2025-05-01T12:00:00Z".to_owned());
        let period = Duration::from_millis(1);
        assert_eq!(status_events(demo.clone(), "default".to_owned(), period).count().await, 60);
        let mut events = Box::pin(status_events(demo.clone(), "default".to_owned(), period));
        assert!(events.next().await.is_some());
        demo.world().remove_session("default").unwrap();
        assert!(events.next().await.is_none());
    }
}
