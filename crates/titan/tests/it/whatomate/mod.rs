//! Opaque keys, and the surface that manages them.

mod abuse;
mod keys;
mod owner;

use crate::support::app::MadeKey;
use crate::support::people::Person;
use crate::support::{Answer, TestApp};
use serde_json::{Value, json};

const KEYS: &str = "/api/api-keys";

/// A Titan in front of Whatomate's API.
async fn whatomate() -> TestApp {
    TestApp::with(|config| config.upstreams[0].policy = vec!["whatomate".to_owned()]).await
}

/// A key of this person.
pub(crate) async fn make(app: &TestApp, person: &Person) -> MadeKey {
    let answer = app.as_person(person).post(KEYS, json!({ "name": "Production Integration" })).await;
    let answer = answer.expect(200);
    MadeKey { id: answer.text_at("/data/id"), text: answer.text_at("/data/key") }
}

/// A request with a key in `X-API-Key`.
async fn with_key(app: &TestApp, key: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
    let request = app.nobody().request(method, path).header("x-api-key", key);
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    Answer::read(request.send().await.unwrap()).await
}

async fn status(app: &TestApp, key: &MadeKey) -> u16 {
    with_key(app, &key.text, "GET", "/api/contacts", None).await.status
}

/// An error in the words of this surface.
fn assert_refused(answer: &Answer, status: u16, message: &str) {
    let body = json!({ "status": "error", "message": message, "data": null });
    assert_eq!((answer.status, answer.json()), (status, body), "{answer:?}");
}
