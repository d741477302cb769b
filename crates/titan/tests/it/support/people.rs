//! People of a test, and how they sign in.

use super::{Answer, Role, TestApp};
use serde_json::json;

pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A user who has signed in.
#[derive(Default)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) token: String,
    pub(crate) refresh_token: String,
    /// The id of the session.
    pub(crate) session: String,
}

impl TestApp {
    /// Makes a user of the default tenant.
    pub(crate) async fn user(&self, email: &str, role: &str) -> String {
        self.user_of(1, email, role).await
    }

    pub(crate) async fn user_of(&self, tenant: u64, email: &str, role: &str) -> String {
        let body = json!({ "email": email, "password": PASSWORD, "role": role, "tenantId": tenant });
        self.master().post("/admin/users", body).await.expect(201).text_at("/data/id")
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> Answer {
        let body = json!({ "email": email, "password": password });
        self.nobody().post("/api/v1/auth/login", body).await
    }

    /// A user of the default tenant who has signed in.
    pub(crate) async fn person(&self, email: &str, role: &str) -> Person {
        let id = self.user(email, role).await;
        self.sign_in(id, email).await
    }

    pub(crate) async fn sign_in(&self, id: String, email: &str) -> Person {
        let answer = self.login(email, PASSWORD).await.expect(200);
        let (token, refresh_token) = (answer.text_at("/data/token"), answer.text_at("/data/refresh_token"));
        let list = self.role(Some(&token)).get("/api/v1/auth/sessions").await.expect(200);
        let sessions = list.at("/data");
        let current =
            sessions.as_array().unwrap().iter().find(|session| session["is_current"] == json!(true));
        let session = current.unwrap()["id"].as_str().unwrap().to_owned();
        Person { id, email: email.to_owned(), token, refresh_token, session }
    }

    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        self.nobody().post("/api/v1/auth/refresh", json!({ "refresh_token": token })).await
    }

    pub(crate) fn as_person(&self, person: &Person) -> Role {
        self.role(Some(&person.token))
    }
}
