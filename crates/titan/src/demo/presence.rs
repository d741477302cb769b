//! Who types, and who is there. Nothing of it is kept: the demo has no other people.

use super::input::Input;
use super::output::{Data, Failure};
use super::state::Demo;
use axum::extract::{Path, State};
use serde_json::{Value, json};

pub(super) async fn show_typing(
    State(demo): State<Demo>,
    Path(session): Path<String>,
    input: Input,
) -> Result<Data<Value>, Failure> {
    demo.world().session(&session)?;
    Ok(Data(json!({ "chatId": input.required("chatId")? })))
}

pub(super) async fn read_presence(
    State(demo): State<Demo>,
    Path((session, chat)): Path<(String, String)>,
) -> Result<Data<Value>, Failure> {
    demo.world().session(&session)?;
    Ok(Data(json!({ "chatId": chat, "presence": "available" })))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{app, call, failure, get_data};
    use serde_json::json;

    #[tokio::test]
    async fn typing_names_its_chat() {
        let app = app();
        let path = "/api/sessions/default/messages/typing";
        let shown = json!({ "data": { "chatId": "1" } });
        assert_eq!(call(&app, "POST", path, r#"{"chatId":"1"}"#).await, (200, shown));
        assert_eq!(call(&app, "POST", path, "{}").await, failure(400, "missing required field: chatId"));
        let unknown = failure(404, "session not found: no");
        assert_eq!(call(&app, "POST", "/api/sessions/no/messages/typing", "{}").await, unknown);
    }

    #[tokio::test]
    async fn everybody_is_there() {
        let app = app();
        let read = get_data(&app, "/api/sessions/default/presence/1%40s.whatsapp.net").await;
        assert_eq!(read, json!({ "chatId": "1@s.whatsapp.net", "presence": "available" }));
        let unknown = failure(404, "session not found: no");
        assert_eq!(call(&app, "GET", "/api/sessions/no/presence/1", "").await, unknown);
    }
}
