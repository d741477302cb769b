//! Keys of other systems.

mod abuse;
mod command;
mod holder;
mod instances;

use crate::support::app::MadeKey;
use crate::support::hex::sha256;
use crate::support::{Answer, TestApp};
use serde_json::{Value, json};

const PATH: &str = "/admin/imported-keys";
const SESSIONS: &str = "/api/sessions";
/// A key as an older system has made it.
const LEGACY: &str = "titan_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const FOREIGN: &str = "sk_live_51HxTheKeyOfAnotherSystem";

fn row(key: &str) -> Value {
    json!({ "sha256": sha256(key), "label": "old", "scopes": ["sessions:read"], "expiresAt": "2099-01-01T00:00:00Z" })
}

async fn import(app: &TestApp, keys: &[Value]) -> Answer {
    app.master().post(PATH, json!({ "keys": keys })).await
}

/// Imports one key.
async fn imported(app: &TestApp, key: &str) -> MadeKey {
    let answer = import(app, &[row(key)]).await.expect(200);
    assert_eq!(answer.text_at("/data/0/status"), "added", "{answer:?}");
    MadeKey { id: answer.text_at("/data/0/id"), text: key.to_owned() }
}
