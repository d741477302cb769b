//! The objects that the demo answers with, in the shapes of the real API.

use serde::Serialize;

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Session {
    pub(super) name: String,
    pub(super) status: &'static str,
    pub(super) status_reason: Option<&'static str>,
    pub(super) phone_number: Option<String>,
    pub(super) push_name: Option<String>,
    pub(super) business_name: Option<String>,
    pub(super) platform: Option<&'static str>,
    pub(super) lid: Option<String>,
    pub(super) proxy: Option<String>,
    pub(super) created_at: String,
    pub(super) updated_at: String,
}

impl Session {
    pub(super) fn new(name: &str, now: String) -> Self {
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
    pub(super) fn connect(&mut self) {
        self.status = "CONNECTED";
        self.status_reason = None;
        self.platform = Some("consumer");
    }

    pub(super) fn disconnect(&mut self) {
        self.status = "DISCONNECTED";
        self.status_reason = Some("MANUAL_STOP");
    }
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) session: String,
    pub(super) chat_id: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) text: Option<String>,
    pub(super) from_me: bool,
    pub(super) status: &'static str,
    pub(super) timestamp: String,
}

impl Message {
    pub(super) fn received(chat: &str, text: &str, now: &str) -> Self {
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
pub(super) struct Chat {
    pub(super) id: String,
    pub(super) message_count: usize,
    pub(super) last_message_at: String,
}

impl Chat {
    pub(super) fn ending_with(last: &Message) -> Self {
        Self { id: last.chat_id.clone(), message_count: 1, last_message_at: last.timestamp.clone() }
    }
}
