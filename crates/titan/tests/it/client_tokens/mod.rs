//! Client tokens, as a shop's backend and the pages of its customers meet them.

mod abuse;
mod actions;
mod forward_auth;
mod instances;
mod life;
mod limits;
mod origins;
mod recipients;
mod rules;

use crate::support::app::MadeKey;
use crate::support::{Answer, Role, TestApp};
use serde_json::{Value, json};

const RULES: &str = "/api/sessions/default/client-rules";
const TOKENS: &str = "/api/client-tokens";
const SEND: &str = "/api/sessions/default/messages/send";
const TYPING: &str = "/api/sessions/default/messages/typing";
const PRESENCE: &str = "/api/sessions/default/presence";
const CHAT: &str = "4915@c.us";

/// A backend with a key that may mint.
struct Shop {
    key: MadeKey,
    role: Role,
}

impl Shop {
    async fn of(app: &TestApp, tenant: u64) -> Self {
        let key = app.key_of(tenant, &["sessions:manage"]).await;
        Self { role: app.holder(&key), key }
    }

    /// One whose rules for `default` are set.
    async fn with(app: &TestApp, rules: Value) -> Self {
        let shop = Self::of(app, 1).await;
        shop.set(rules).await;
        shop
    }

    async fn set(&self, rules: Value) -> Answer {
        self.role.send("PUT", RULES, Some(rules)).await.expect(200)
    }

    /// What the answer says of a token for a person.
    async fn mint(&self, person: &str) -> Value {
        let body = json!({ "session": "default", "ephemeralId": person, "chatId": CHAT });
        self.role.post(TOKENS, body).await.expect(201).at("/data")
    }

    async fn token(&self, person: &str) -> String {
        self.mint(person).await["token"].as_str().unwrap().to_owned()
    }

    /// The page of a person.
    async fn page(&self, app: &TestApp, person: &str) -> Role {
        app.role(Some(&self.token(person).await))
    }
}

/// Rules that allow these actions, and else everything.
fn allowing(actions: &str) -> Value {
    json!({ "recipientMode": "any", "allowedActions": actions })
}

/// The same with more of them.
fn with(mut rules: Value, more: &Value) -> Value {
    rules.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    rules
}

fn message(chat: &str) -> Value {
    json!({ "chatId": chat, "text": "hello" })
}
