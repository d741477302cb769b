//! Messages and chats.

use super::input::Input;
use super::object::{Chat, Message};
use super::output::{Data, Failure};
use super::state::Demo;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

pub(super) async fn send_from_path(
    State(demo): State<Demo>,
    Path(session): Path<String>,
    input: Input,
) -> Result<Response, Failure> {
    send(&demo, &session, &input)
}

pub(super) async fn send_from_body(State(demo): State<Demo>, input: Input) -> Result<Response, Failure> {
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

pub(super) async fn list_chats(
    State(demo): State<Demo>,
    Path(name): Path<String>,
) -> Result<Data<Vec<Chat>>, Failure> {
    let world = demo.world();
    world.session(&name)?;
    Ok(Data(world.chats(&name)))
}

pub(super) async fn list_messages(
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

#[cfg(test)]
mod tests {
    use super::super::testing::{app, call, failure, get_data};
    use serde_json::json;

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
}
