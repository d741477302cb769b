//! Setting one's own password.

use super::platform;
use crate::support::people::PASSWORD;
use serde_json::json;

const PATH: &str = "/api/v1/auth/password";
const NEW: &str = "another quite long one";

#[tokio::test]
async fn a_new_password_ends_all_sessions_and_needs_the_old_one() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "member").await;
    let elsewhere = app.sign_in(ada.id.clone(), "ada@example.com").await;
    let post = async |current: &str, new: &str| {
        app.as_person(&ada).post(PATH, json!({ "current_password": current, "new_password": new })).await
    };
    for (current, new, message) in [
        ("wrong but long enough", NEW, "password: is wrong"),
        (
            PASSWORD,
            "short",
            "password: must have at least 15 characters; several words in a row are easy to remember",
        ),
    ] {
        assert_eq!(post(current, new).await.expect(400).at("/error/message"), json!(message));
    }
    app.as_person(&ada).get("/api/v1/tasks").await.expect(200);
    let answer = post(PASSWORD, NEW).await.expect(204);
    assert!(answer.header("titan-revocation").starts_with("rev="), "{answer:?}");
    for person in [&ada, &elsewhere] {
        app.as_person(person).get("/api/v1/tasks").await.expect(401);
        app.refresh(&person.refresh_token).await.expect(401);
    }
    app.login("ada@example.com", PASSWORD).await.expect(401);
    app.login("ada@example.com", NEW).await.expect(200);
}

/// Otherwise a stolen JWT would be a way to guess the password.
#[tokio::test]
async fn guesses_here_count_like_those_at_the_sign_in() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "member").await;
    let post = async |current: &str| {
        app.as_person(&ada).post(PATH, json!({ "current_password": current, "new_password": NEW })).await
    };
    for n in 0..10 {
        post(&format!("wrong but long enough {n}")).await.expect(400);
    }
    post(PASSWORD).await.expect(429);
    app.login("ada@example.com", PASSWORD).await.expect(429);
    app.as_person(&ada).get("/api/v1/tasks").await.expect(200);
}

/// A refused new password is no wrong one.
#[tokio::test]
async fn what_was_not_wrong_is_not_counted() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "member").await;
    for _ in 0..12 {
        let body = json!({ "current_password": PASSWORD, "new_password": "short" });
        app.as_person(&ada).post(PATH, body).await.expect(400);
    }
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    app.as_person(&ada).post(PATH, body).await.expect(204);
}

#[tokio::test]
async fn only_a_jwt_opens_it() {
    let app = platform().await;
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    let key = app.key(&["*"]).await;
    app.holder(&key).post(PATH, body.clone()).await.expect(403);
    app.master().post(PATH, body.clone()).await.expect(403);
    let ada = app.person("ada@example.com", "member").await;
    app.role(Some(&ada.refresh_token)).post(PATH, body).await.expect(401);
}
