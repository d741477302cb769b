//! The demo upstream: what stands behind the gateway of `titan serve --dev`.
//!
//! It answers a part of the routes of the `whatsapp` policy from memory, so that one command shows reads and
//! writes passing the gateway, or being refused by it. It checks no credential: that is the gateway's part.
//! `GET /api/whoami` shows the identity that the gateway handed on.
//!
//! The state lives in one `Arc<Mutex<…>>` made by [`router`] and is bounded: at most 100 sessions and 1,000
//! messages, of which the oldest fall out, and bodies of at most 16 KiB.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::stream::{self, Stream, StreamExt};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval};

const MAX_SESSIONS: usize = 100;
const MAX_MESSAGES: usize = 1_000;
const MAX_EVENTS: usize = 60;
const EVENT_PERIOD: Duration = Duration::from_secs(1);
// Together with the two counts above, the most memory that a stranger can fill.
const MAX_BODY: usize = 16 * 1024;

/// The routes of the demo upstream, with a state of their own: the session `default`, in it two chats.
///
/// `now` answers the time as RFC 3339 text; it stamps sessions, messages and events.
pub(crate) fn router(now: fn() -> String) -> Router {
    Router::new()
        .route("/api/whoami", get(whoami))
        .route("/api/messages/send", post(send_from_body))
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
        .route("/api/sessions", get(list_sessions).post(create_session))
        .route("/api/sessions/{session}", get(read_session).delete(delete_session))
        .route("/api/sessions/{session}/start", post(start_session))
        .route("/api/sessions/{session}/stop", post(stop_session))
        .route("/api/sessions/{session}/events", get(session_events))
        .route("/api/sessions/{session}/messages/send", post(send_from_path))
        .route("/api/sessions/{session}/chats", get(list_chats))
        .route("/api/sessions/{session}/chats/{chat}/messages", get(list_messages))
}

// --- Who called

/// What the gateway said about the caller, header by header; null where it said nothing.
async fn whoami(headers: HeaderMap) -> Data<Value> {
    let said = |name| headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty());
    Data(json!({
        "keyId": said("x-titan-key-id"),
        "tenant": said("x-titan-tenant"),
        "scopes": said("x-titan-scopes"),
        "subject": said("x-titan-subject"),
        "session": said("x-titan-session"),
    }))
}

// --- Sessions

async fn list_sessions(State(demo): State<Demo>) -> Data<Vec<Session>> {
    Data(demo.world().sessions.iter().cloned().collect())
}

async fn create_session(State(demo): State<Demo>, input: Input) -> Result<Response, Failure> {
    let name = input.required("name")?;
    if !is_session_name(name) {
        return Err(Failure::bad("name must match ^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$"));
    }
    let mut session = Session::new(name, demo.now());
    session.proxy = input.text("proxy")?.map(str::to_owned);
    if input.flag("start")? {
        session.connect();
    }
    demo.world().add_session(session.clone())?;
    Ok((StatusCode::CREATED, Data(session)).into_response())
}

async fn read_session(State(demo): State<Demo>, Path(name): Path<String>) -> Result<Data<Session>, Failure> {
    demo.world().session(&name).cloned().map(Data)
}

async fn delete_session(State(demo): State<Demo>, Path(name): Path<String>) -> Result<StatusCode, Failure> {
    demo.world().remove_session(&name)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn start_session(State(demo): State<Demo>, Path(name): Path<String>) -> Result<Data<Session>, Failure> {
    demo.change(&name, Session::connect)
}

async fn stop_session(State(demo): State<Demo>, Path(name): Path<String>) -> Result<Data<Session>, Failure> {
    demo.change(&name, Session::disconnect)
}

/// The status of the session as server-sent events, until the session is gone or the sixtieth event is out.
async fn session_events(
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

// --- Messages and chats

async fn send_from_path(
    State(demo): State<Demo>,
    Path(session): Path<String>,
    input: Input,
) -> Result<Response, Failure> {
    send(&demo, &session, &input)
}

async fn send_from_body(State(demo): State<Demo>, input: Input) -> Result<Response, Failure> {
    send(&demo, input.required("session")?, &input)
}

fn send(demo: &Demo, session: &str, input: &Input) -> Result<Response, Failure> {
    let message = Message {
        id: String::new(),
        session: session.to_owned(),
        chat_id: input.required("chatId")?.to_owned(),
        kind: input.text("type")?.unwrap_or("text").to_owned(),
        text: input.text("text")?.map(str::to_owned),
        from_me: true,
        status: "sent",
        timestamp: demo.now(),
    };
    let mut world = demo.world();
    world.session(session)?;
    Ok((StatusCode::CREATED, Data(world.add_message(message))).into_response())
}

async fn list_chats(State(demo): State<Demo>, Path(name): Path<String>) -> Result<Data<Vec<Chat>>, Failure> {
    let world = demo.world();
    world.session(&name)?;
    Ok(Data(world.chats(&name)))
}

async fn list_messages(
    State(demo): State<Demo>,
    Path((name, chat)): Path<(String, String)>,
) -> Result<Data<Vec<Message>>, Failure> {
    let world = demo.world();
    world.session(&name)?;
    let messages = world.messages(&name, &chat);
    if messages.is_empty() {
        return Err(Failure::missing(format!("chat not found: {chat}")));
    }
    Ok(Data(messages))
}

// --- State

#[derive(Clone)]
struct Demo {
    clock: fn() -> String,
    world: Arc<Mutex<World>>,
}

impl Demo {
    fn new(clock: fn() -> String) -> Self {
        Self { clock, world: Arc::new(Mutex::new(World::at_start(&clock()))) }
    }

    fn now(&self) -> String {
        (self.clock)()
    }

    // A handler that panicked must not take the demo with it: what it left behind is still only demo data.
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, name: &str, change: fn(&mut Session)) -> Result<Data<Session>, Failure> {
        let mut world = self.world();
        let session = world.session_mut(name)?;
        change(session);
        session.updated_at = self.now();
        Ok(Data(session.clone()))
    }

    fn status_event(&self, name: &str) -> Option<Result<Event, axum::Error>> {
        let status = self.world().session(name).ok()?.status;
        let body = json!({
            "event": "session.status",
            "session": name,
            "timestamp": self.now(),
            "payload": { "status": status },
        });
        Some(Event::default().event("session.status").json_data(body))
    }
}

#[derive(Default)]
struct World {
    sessions: VecDeque<Session>,
    messages: VecDeque<Message>,
    sent: u64,
}

impl World {
    fn at_start(now: &str) -> Self {
        let mut session = Session::new("default", now.to_owned());
        session.connect();
        let mut world = Self { sessions: VecDeque::from([session]), ..Self::default() };
        world.add_message(Message::received("15550100001@s.whatsapp.net", "Is the shop open today?", now));
        world.add_message(Message::received("120363000000000001@g.us", "Lunch at noon?", now));
        world
    }

    fn session(&self, name: &str) -> Result<&Session, Failure> {
        self.sessions.iter().find(|session| session.name == name).ok_or_else(|| unknown_session(name))
    }

    fn session_mut(&mut self, name: &str) -> Result<&mut Session, Failure> {
        self.sessions.iter_mut().find(|session| session.name == name).ok_or_else(|| unknown_session(name))
    }

    fn add_session(&mut self, session: Session) -> Result<(), Failure> {
        if self.session(&session.name).is_ok() {
            let text = format!("session already exists: {}", session.name);
            return Err(Failure::new(StatusCode::CONFLICT, text));
        }
        self.sessions.push_back(session);
        self.drop_oldest_session();
        Ok(())
    }

    fn drop_oldest_session(&mut self) {
        if self.sessions.len() > MAX_SESSIONS
            && let Some(oldest) = self.sessions.pop_front()
        {
            self.forget_messages(&oldest.name);
        }
    }

    fn remove_session(&mut self, name: &str) -> Result<(), Failure> {
        self.session(name)?;
        self.sessions.retain(|session| session.name != name);
        self.forget_messages(name);
        Ok(())
    }

    // A later session of the same name must not find what an earlier one said.
    fn forget_messages(&mut self, session: &str) {
        self.messages.retain(|message| message.session != session);
    }

    fn add_message(&mut self, mut message: Message) -> Message {
        self.sent += 1;
        message.id = format!("DEMO{:012X}", self.sent);
        self.messages.push_back(message.clone());
        if self.messages.len() > MAX_MESSAGES {
            self.messages.pop_front();
        }
        message
    }

    fn newest_first<'a>(&'a self, session: &'a str) -> impl Iterator<Item = &'a Message> {
        self.messages.iter().rev().filter(move |message| message.session == session)
    }

    // Chats are not stored: they are what the kept messages belong to, so the bound on messages bounds them.
    fn chats(&self, session: &str) -> Vec<Chat> {
        let mut chats: Vec<Chat> = Vec::new();
        for message in self.newest_first(session) {
            match chats.iter_mut().find(|chat| chat.id == message.chat_id) {
                Some(chat) => chat.message_count += 1,
                None => chats.push(Chat::ending_with(message)),
            }
        }
        chats
    }

    fn messages(&self, session: &str, chat: &str) -> Vec<Message> {
        self.newest_first(session).filter(|message| message.chat_id == chat).cloned().collect()
    }
}

// --- Objects

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    name: String,
    status: &'static str,
    status_reason: Option<&'static str>,
    phone_number: Option<String>,
    push_name: Option<String>,
    business_name: Option<String>,
    platform: Option<&'static str>,
    lid: Option<String>,
    proxy: Option<String>,
    created_at: String,
    updated_at: String,
}

impl Session {
    fn new(name: &str, now: String) -> Self {
        Self {
            name: name.to_owned(),
            status: "DISCONNECTED",
            status_reason: None,
            phone_number: None,
            push_name: None,
            business_name: None,
            platform: None,
            lid: None,
            proxy: None,
            created_at: now.clone(),
            updated_at: now,
        }
    }

    // No phone has to scan a code here, so a start is a connection.
    fn connect(&mut self) {
        self.status = "CONNECTED";
        self.status_reason = None;
        self.platform = Some("consumer");
    }

    fn disconnect(&mut self) {
        self.status = "DISCONNECTED";
        self.status_reason = Some("MANUAL_STOP");
    }
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    id: String,
    session: String,
    chat_id: String,
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
    from_me: bool,
    status: &'static str,
    timestamp: String,
}

impl Message {
    fn received(chat: &str, text: &str, now: &str) -> Self {
        Self {
            id: String::new(),
            session: "default".to_owned(),
            chat_id: chat.to_owned(),
            kind: "text".to_owned(),
            text: Some(text.to_owned()),
            from_me: false,
            status: "delivered",
            timestamp: now.to_owned(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Chat {
    id: String,
    message_count: usize,
    last_message_at: String,
}

impl Chat {
    fn ending_with(last: &Message) -> Self {
        Self { id: last.chat_id.clone(), message_count: 1, last_message_at: last.timestamp.clone() }
    }
}

fn is_session_name(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(inner)
}

// --- Bodies in, bodies out

/// A JSON body, read field by field: the real API knows many more fields, and the demo ignores them.
struct Input(Value);

impl<S: Send + Sync> FromRequest<S> for Input {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let Json(body) = Json::<Value>::from_request(request, state).await?;
        Ok(Self(body))
    }
}

impl Input {
    fn text(&self, field: &str) -> Result<Option<&str>, Failure> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Failure::bad(format!("{field} must be a string"))),
        }
    }

    fn required(&self, field: &str) -> Result<&str, Failure> {
        let text = self.text(field)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| Failure::bad(format!("missing required field: {field}")))
    }

    fn flag(&self, field: &str) -> Result<bool, Failure> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(Failure::bad(format!("{field} must be true or false"))),
        }
    }
}

/// `{"data": …}`
struct Data<T>(T);

impl<T: Serialize> IntoResponse for Data<T> {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Envelope<T> {
            data: T,
        }
        Json(Envelope { data: self.0 }).into_response()
    }
}

/// `{"error": "<text>"}`
#[derive(Debug)]
struct Failure {
    status: StatusCode,
    text: String,
}

impl Failure {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    fn bad(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    fn missing(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }
}

fn unknown_session(name: &str) -> Failure {
    Failure::missing(format!("session not found: {name}"))
}

impl From<JsonRejection> for Failure {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.text }))).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use axum::http::header::CONTENT_TYPE;
    use tower::ServiceExt;

    const DEFAULT: &str = "/api/sessions/default";

    fn app() -> Router {
        router(|| "2025-05-01T12:00:00Z".to_owned())
    }

    async fn call(app: &Router, method: &str, path: &str, body: &str) -> (u16, Value) {
        let request = Request::builder().method(method).uri(path).header(CONTENT_TYPE, "application/json");
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() })
    }

    async fn get_data(app: &Router, path: &str) -> Value {
        let (status, mut body) = call(app, "GET", path, "").await;
        assert_eq!(status, 200, "{path}: {body}");
        body["data"].take()
    }

    fn failure(status: u16, text: &str) -> (u16, Value) {
        (status, json!({ "error": text }))
    }

    #[tokio::test]
    async fn starts_with_one_session_and_two_chats() {
        let app = app();
        let session = json!({
            "name": "default", "status": "CONNECTED", "statusReason": null, "phoneNumber": null,
            "pushName": null, "businessName": null, "platform": "consumer", "lid": null, "proxy": null,
            "createdAt": "2025-05-01T12:00:00Z", "updatedAt": "2025-05-01T12:00:00Z",
        });
        assert_eq!(get_data(&app, DEFAULT).await, session);
        assert_eq!(get_data(&app, "/api/sessions").await, json!([session]));
        assert_eq!(get_data(&app, "/api/sessions/default/chats").await.as_array().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn a_session_lives_from_create_to_delete() {
        let app = app();
        let (status, created) = call(&app, "POST", "/api/sessions", r#"{"name":"shop.1"}"#).await;
        assert_eq!((status, &created["data"]["status"]), (201, &json!("DISCONNECTED")));
        let (status, started) = call(&app, "POST", "/api/sessions/shop.1/start", "").await;
        assert_eq!((status, &started["data"]["status"]), (200, &json!("CONNECTED")));
        let (status, stopped) = call(&app, "POST", "/api/sessions/shop.1/stop", "").await;
        assert_eq!((status, &stopped["data"]["statusReason"]), (200, &json!("MANUAL_STOP")));
        assert_eq!(call(&app, "DELETE", "/api/sessions/shop.1", "").await, (204, Value::Null));
        let gone = failure(404, "session not found: shop.1");
        assert_eq!(call(&app, "GET", "/api/sessions/shop.1", "").await, gone);
        assert_eq!(call(&app, "DELETE", "/api/sessions/shop.1", "").await, gone);
    }

    #[tokio::test]
    async fn create_takes_start_and_proxy() {
        let body = r#"{"name":"a","start":true,"proxy":"http://proxy:3128","config":{}}"#;
        let (_, created) = call(&app(), "POST", "/api/sessions", body).await;
        assert_eq!(created["data"]["status"], "CONNECTED");
        assert_eq!(created["data"]["proxy"], "http://proxy:3128");
    }

    #[tokio::test]
    async fn create_refuses_what_is_no_session() {
        let app = app();
        for (body, expected) in [
            (r#"{"name":"default"}"#, failure(409, "session already exists: default")),
            ("{}", failure(400, "missing required field: name")),
            ("[]", failure(400, "missing required field: name")),
            (r#"{"name":7}"#, failure(400, "name must be a string")),
            (r#"{"name":"a","start":"yes"}"#, failure(400, "start must be true or false")),
            (r#"{"name":".a"}"#, failure(400, "name must match ^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$")),
        ] {
            assert_eq!(call(&app, "POST", "/api/sessions", body).await, expected, "{body}");
        }
    }

    #[test]
    fn session_names_follow_the_rule() {
        for good in ["a", "0", "user-42", "prod_bot.1", &"x".repeat(64)] {
            assert!(is_session_name(good), "{good}");
        }
        for bad in ["", "-a", ".", "_a", "a b", "a/b", "a\n", "é", &"x".repeat(65)] {
            assert!(!is_session_name(bad), "{bad:?}");
        }
    }

    #[tokio::test]
    async fn a_sent_message_is_read_back_by_either_spelling() {
        let app = app();
        let body = r#"{"session":"default","chatId":"1@s.whatsapp.net","type":"text","text":"hi"}"#;
        for path in ["/api/messages/send", "/api/sessions/default/messages/send"] {
            let (status, sent) = call(&app, "POST", path, body).await;
            assert_eq!((status, &sent["data"]["status"]), (201, &json!("sent")));
            let read = get_data(&app, "/api/sessions/default/chats/1%40s.whatsapp.net/messages").await;
            assert_eq!(read[0], sent["data"]);
        }
        let chats = get_data(&app, "/api/sessions/default/chats").await;
        assert_eq!(chats[0]["id"], "1@s.whatsapp.net");
        assert_eq!(chats[0]["messageCount"], 2);
    }

    #[tokio::test]
    async fn send_names_what_is_missing() {
        let app = app();
        for (path, body, expected) in [
            ("/api/messages/send", r#"{"chatId":"1"}"#, failure(400, "missing required field: session")),
            (
                "/api/messages/send",
                r#"{"session":"default"}"#,
                failure(400, "missing required field: chatId"),
            ),
            (
                "/api/sessions/default/messages/send",
                r#"{"chatId":""}"#,
                failure(400, "missing required field: chatId"),
            ),
            ("/api/sessions/no/messages/send", r#"{"chatId":"1"}"#, failure(404, "session not found: no")),
            ("/api/messages/send", r#"{"session":"no","chatId":"1"}"#, failure(404, "session not found: no")),
        ] {
            assert_eq!(call(&app, "POST", path, body).await, expected, "{path} {body}");
        }
    }

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

    #[tokio::test]
    async fn whoami_tells_the_identity_headers() {
        let request = Request::builder()
            .uri("/api/whoami")
            .header("X-Titan-Key-Id", "key_1")
            .header("X-Titan-Tenant", "1")
            .header("X-Titan-Scopes", "sessions:read messages:write")
            .header("X-Titan-Session", "");
        let response = app().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let body: Value =
            serde_json::from_slice(&to_bytes(response.into_body(), 4096).await.unwrap()).unwrap();
        let expected = json!({
            "keyId": "key_1", "tenant": "1", "scopes": "sessions:read messages:write",
            "subject": null, "session": null,
        });
        assert_eq!(body, json!({ "data": expected }));
    }

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

    #[test]
    fn the_oldest_sessions_and_messages_fall_out() {
        let mut world = World::at_start("now");
        for number in 0..MAX_MESSAGES {
            world.add_message(Message::received(&number.to_string(), "hi", "now"));
        }
        assert_eq!(world.messages.len(), MAX_MESSAGES);
        assert_eq!(world.messages[0].chat_id, "0");
        for number in 0..MAX_SESSIONS {
            world.add_session(Session::new(&number.to_string(), "now".to_owned())).unwrap();
        }
        assert_eq!(world.sessions.len(), MAX_SESSIONS);
        assert!(world.session("default").is_err());
        assert!(world.messages.is_empty());
    }

    #[test]
    fn a_poisoned_lock_still_opens() {
        let demo = Demo::new(|| "now".to_owned());
        let other = demo.clone();
        let handler = std::thread::spawn(move || {
            let _world = other.world();
            panic!("a handler fails while it holds the lock");
        });
        assert!(handler.join().is_err());
        assert!(demo.world().session("default").is_ok());
    }
}
