//! Sessions: create, read, start, stop, delete.

use super::input::Input;
use super::object::Session;
use super::output::{Data, Failure};
use super::state::Demo;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

pub(super) async fn list_sessions(State(demo): State<Demo>) -> Data<Vec<Session>> {
    Data(demo.world().sessions.iter().cloned().collect())
}

pub(super) async fn create_session(State(demo): State<Demo>, input: Input) -> Result<Response, Failure> {
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

fn is_session_name(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(inner)
}

pub(super) async fn read_session(
    State(demo): State<Demo>,
    Path(name): Path<String>,
) -> Result<Data<Session>, Failure> {
    demo.world().session(&name).cloned().map(Data)
}

pub(super) async fn delete_session(
    State(demo): State<Demo>,
    Path(name): Path<String>,
) -> Result<StatusCode, Failure> {
    demo.world().remove_session(&name)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn start_session(
    State(demo): State<Demo>,
    Path(name): Path<String>,
) -> Result<Data<Session>, Failure> {
    demo.change(&name, Session::connect)
}

pub(super) async fn stop_session(
    State(demo): State<Demo>,
    Path(name): Path<String>,
) -> Result<Data<Session>, Failure> {
    demo.change(&name, Session::disconnect)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{DEFAULT, app, call, failure, get_data};
    use super::*;
    use serde_json::{Value, json};

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
}
