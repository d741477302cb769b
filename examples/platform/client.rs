//! Signs in, makes a scoped API key, and calls the task API with both. It needs the crates `reqwest` (with `json`),
//! `serde_json` and `tokio`.

use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::env::var;
use std::error::Error;

/// The status and the JSON of an answer. A status of 400 or more is an error.
async fn ask(
    client: &Client,
    (method, url): (Method, String),
    token: Option<&str>,
    body: Option<Value>,
) -> Result<(u16, Value), reqwest::Error> {
    let mut request = client.request(method, url);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await?.error_for_status()?;
    Ok((answer.status().as_u16(), answer.json().await?))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (auth, tasks) = (var("AUTH_URL")?, var("TASK_SERVICE_URL")?);
    let client = Client::new();

    let credentials = json!({ "email": var("TITAN_EMAIL")?, "password": var("TITAN_PASSWORD")? });
    let login = (Method::POST, format!("{auth}/api/v1/auth/login"));
    let (_, signed_in) = ask(&client, login, None, Some(credentials)).await?;
    let jwt = signed_in["data"]["token"].as_str().ok_or("no token")?;

    let session = (Method::GET, format!("{auth}/api/v1/auth/session"));
    let (_, session) = ask(&client, session, Some(jwt), None).await?;
    println!("{}", session["data"]["user"]["email"].as_str().ok_or("no user")?);

    let scopes = ["tasks:read", "tasks:write", "executions:read", "executions:write", "data:read"];
    let wanted = json!({ "name": "My backend integration", "scopes": scopes });
    let create = (Method::POST, format!("{auth}/api/v1/api-keys"));
    let (_, made) = ask(&client, create, Some(jwt), Some(wanted)).await?;
    let key = made["key"].as_str().ok_or("no key")?;
    println!("made {}", &key[..14]);

    for token in [jwt, key] {
        let list = (Method::GET, format!("{tasks}/api/v1/tasks"));
        let (status, _) = ask(&client, list, Some(token), None).await?;
        println!("GET /api/v1/tasks: {status}");
    }
    Ok(())
}
