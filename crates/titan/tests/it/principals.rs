//! Every route against every principal. The table is held against the OpenAPI document: a route without a row fails.

use crate::support::app::MadeKey;
use crate::support::people::{PASSWORD, Person};
use crate::support::{Answer, TestApp};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Statuses for: nobody, a bad credential, the wrong kind of credential, too few scopes, another tenant's, the right one.
struct Row(&'static str, &'static str, [u16; 6]);

/// 0: this principal means nothing there.
const TABLE: &[Row] = &[
    Row("GET", "/health/live", [200, 200, 200, 200, 200, 200]),
    Row("GET", "/health/ready", [200, 200, 200, 200, 200, 200]),
    Row("GET", "/metrics", [401, 401, 403, 403, 403, 200]),
    Row("GET", "/admin/keys", [401, 401, 403, 403, 403, 200]),
    Row("POST", "/admin/keys", [401, 401, 403, 403, 403, 201]),
    Row("DELETE", "/admin/keys", [401, 401, 403, 403, 403, 200]),
    Row("GET", "/admin/keys/{id}", [401, 401, 403, 403, 403, 200]),
    Row("PUT", "/admin/keys/{id}", [401, 401, 403, 403, 403, 200]),
    Row("PATCH", "/admin/keys/{id}", [401, 401, 403, 403, 403, 200]),
    Row("DELETE", "/admin/keys/{id}", [401, 401, 403, 403, 403, 204]),
    Row("POST", "/admin/keys/{id}/rotate", [401, 401, 403, 403, 403, 200]),
    Row("GET", "/admin/tenants", [401, 401, 403, 403, 403, 200]),
    Row("POST", "/admin/tenants", [401, 401, 403, 403, 403, 201]),
    Row("GET", "/admin/tenants/{id}", [401, 401, 403, 403, 403, 200]),
    Row("PUT", "/admin/tenants/{id}", [401, 401, 403, 403, 403, 200]),
    Row("PATCH", "/admin/tenants/{id}", [401, 401, 403, 403, 403, 200]),
    Row("GET", "/admin/signing-keys", [401, 401, 403, 403, 403, 200]),
    Row("POST", "/admin/signing-keys", [401, 401, 403, 403, 403, 201]),
    Row("DELETE", "/admin/signing-keys/{slot}", [401, 401, 403, 403, 403, 204]),
    Row("GET", "/admin/seal-key", [401, 401, 403, 403, 403, 200]),
    // There is no previous key.
    Row("POST", "/admin/seal-key/rotate", [401, 401, 403, 403, 403, 409]),
    Row("GET", "/admin/audit", [401, 401, 403, 403, 403, 200]),
    Row("GET", "/admin/usage", [401, 401, 403, 403, 403, 200]),
    Row("GET", "/admin/keys/{id}/usage", [401, 401, 403, 403, 403, 200]),
    Row("GET", "/api/account/usage", [401, 401, 403, 403, 200, 200]),
    Row("GET", "/admin/settings", [401, 401, 403, 403, 403, 200]),
    Row("PUT", "/admin/settings", [401, 401, 403, 403, 403, 200]),
    Row("POST", "/admin/debug", [401, 401, 403, 403, 403, 200]),
    Row("GET", "/admin/imported-keys", [401, 401, 403, 403, 403, 200]),
    Row("POST", "/admin/imported-keys", [401, 401, 403, 403, 403, 200]),
    Row("GET", "/admin/license", [401, 401, 403, 403, 403, 404]),
    Row("GET", "/admin/license/sessions", [401, 401, 403, 403, 403, 200]),
    Row("DELETE", "/admin/license/sessions/{tenant}/{session}", [401, 401, 403, 403, 403, 404]),
    Row("GET", "/admin/audit/chain", [401, 401, 403, 403, 403, 200]),
    Row("GET", "/admin/instances", [401, 401, 403, 403, 403, 200]),
    Row("GET", "/admin/revisions/{revision}", [401, 401, 403, 403, 403, 200]),
    Row("GET", "/api/account/keys", [401, 401, 403, 403, 200, 200]),
    Row("POST", "/api/account/keys", [401, 401, 403, 403, 201, 201]),
    Row("DELETE", "/api/account/keys", [401, 401, 403, 403, 200, 200]),
    Row("GET", "/api/account/keys/{id}", [401, 401, 403, 403, 404, 200]),
    Row("PUT", "/api/account/keys/{id}", [401, 401, 403, 403, 404, 200]),
    Row("PATCH", "/api/account/keys/{id}", [401, 401, 403, 403, 404, 200]),
    Row("DELETE", "/api/account/keys/{id}", [401, 401, 403, 403, 404, 204]),
    Row("POST", "/api/account/keys/{id}/rotate", [401, 401, 403, 403, 404, 200]),
    Row("GET", "/api/sessions/{session}/client-rules", [401, 401, 403, 403, 404, 200]),
    Row("PUT", "/api/sessions/{session}/client-rules", [401, 401, 403, 403, 200, 200]),
    Row("DELETE", "/api/sessions/{session}/client-rules", [401, 401, 403, 403, 404, 204]),
    Row("POST", "/api/client-tokens", [401, 401, 403, 403, 404, 201]),
    // Nobody knows which tokens there are: another tenant revokes one of its own.
    Row("DELETE", "/api/client-tokens/{jti}", [401, 401, 403, 403, 204, 204]),
    Row("POST", "/auth/verify", [401, 401, 0, 403, 200, 200]),
    Row("POST", "/oauth2/introspect", [401, 401, 0, 403, 200, 200]),
    // What counts is the credential in the form.
    Row("POST", "/oauth2/revoke", [200, 200, 200, 200, 200, 200]),
    Row("GET", "/admin/users", [401, 401, 403, 403, 403, 200]),
    Row("POST", "/admin/users", [401, 401, 403, 403, 403, 201]),
    Row("GET", "/admin/users/{id}", [401, 401, 403, 403, 403, 200]),
    Row("PUT", "/admin/users/{id}", [401, 401, 403, 403, 403, 200]),
    Row("PATCH", "/admin/users/{id}", [401, 401, 403, 403, 403, 200]),
    Row("GET", "/admin/tenants/{id}/members", [401, 401, 403, 403, 403, 200]),
    Row("PUT", "/admin/tenants/{id}/members/{user}", [401, 401, 403, 403, 403, 200]),
    Row("DELETE", "/admin/tenants/{id}/members/{user}", [401, 401, 403, 403, 403, 204]),
    // What counts is the body: a password or a refresh token.
    Row("POST", "/api/v1/auth/login", [200, 200, 200, 200, 200, 200]),
    Row("POST", "/api/v1/auth/refresh", [200, 200, 200, 200, 200, 200]),
    Row("GET", "/api/v1/auth/session", [401, 401, 403, 403, 403, 200]),
    Row("GET", "/api/v1/auth/sessions", [401, 401, 403, 403, 403, 200]),
    Row("DELETE", "/api/v1/auth/sessions/{id}", [401, 401, 403, 403, 403, 204]),
    Row("POST", "/api/v1/auth/logout", [401, 401, 403, 403, 403, 204]),
    Row("POST", "/api/v1/auth/password", [401, 401, 403, 403, 403, 204]),
    Row("GET", "/api/v1/auth/second-factor", [401, 401, 403, 403, 403, 200]),
    Row("POST", "/api/v1/auth/second-factor", [401, 401, 403, 403, 403, 200]),
    Row("DELETE", "/api/v1/auth/second-factor", [401, 401, 403, 403, 403, 404]),
    Row("POST", "/api/v1/auth/second-factor/confirm", [401, 401, 403, 403, 403, 409]),
    Row("GET", "/admin/tenants/{id}/invitations", [401, 401, 403, 403, 403, 200]),
    Row("POST", "/admin/tenants/{id}/invitations", [401, 401, 403, 403, 403, 201]),
    Row("DELETE", "/admin/tenants/{id}/invitations/{invitation}", [401, 401, 403, 403, 403, 404]),
    // What counts is the secret.
    Row("POST", "/api/v1/auth/invitations/accept", [404, 401, 403, 403, 403, 404]),
    // The right one is a member, and no owner.
    Row("GET", "/api/v1/members/invitations", [401, 401, 403, 403, 403, 403]),
    Row("POST", "/api/v1/members/invitations", [401, 401, 403, 403, 403, 403]),
    Row("DELETE", "/api/v1/members/invitations/{invitation}", [401, 401, 403, 403, 403, 403]),
    Row("GET", "/api/v1/members", [401, 401, 403, 403, 403, 403]),
    Row("PUT", "/api/v1/members/{user}", [401, 401, 403, 403, 403, 403]),
    Row("DELETE", "/api/v1/members/{user}", [401, 401, 403, 403, 403, 403]),
    Row("GET", "/api/v1/api-keys", [401, 401, 403, 403, 403, 200]),
    Row("POST", "/api/v1/api-keys", [401, 401, 403, 403, 403, 201]),
    Row("GET", "/api/v1/api-keys/{id}", [401, 401, 403, 403, 403, 200]),
    Row("DELETE", "/api/v1/api-keys/{id}", [401, 401, 403, 403, 403, 204]),
    Row("POST", "/api/v1/api-keys/{id}/rotate", [401, 401, 403, 403, 403, 200]),
    // The right one is a member, and neither admin nor owner.
    Row("GET", "/api/api-keys", [401, 401, 403, 403, 403, 403]),
    Row("POST", "/api/api-keys", [401, 401, 403, 403, 403, 403]),
    Row("GET", "/api/api-keys/{id}", [401, 401, 403, 403, 403, 403]),
    Row("PUT", "/api/api-keys/{id}", [401, 401, 403, 403, 403, 403]),
    Row("DELETE", "/api/api-keys/{id}", [401, 401, 403, 403, 403, 403]),
    Row("GET", "/.well-known/jwks.json", [200, 200, 200, 200, 200, 200]),
];

fn documented() -> Value {
    serde_json::to_value(titan::wire::openapi()).unwrap()
}

fn operations(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().keys().map(|m| (m.to_uppercase(), path.clone())))
        .collect()
}

#[test]
fn every_documented_route_has_a_row_and_every_row_a_route() {
    let table: BTreeSet<_> =
        TABLE.iter().map(|Row(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(operations(&documented()), table);
}

fn body(path: &str, method: &str, person: &Person, principal: usize) -> Option<Value> {
    match (method, path) {
        ("POST", "/admin/users") => {
            Some(json!({ "email": "new@example.com", "password": PASSWORD, "role": "member" }))
        }
        ("POST", "/api/v1/auth/login") => Some(json!({ "email": person.email, "password": PASSWORD })),
        ("POST", "/api/v1/auth/invitations/accept") => {
            let token = format!("titan_inv_{}", "A".repeat(43));
            // Whoever has a JWT needs no password.
            let password = (principal == 0).then_some(PASSWORD);
            Some(match password {
                Some(password) => json!({ "token": token, "password": password }),
                None => json!({ "token": token }),
            })
        }
        ("POST", path) if path.ends_with("/invitations") => {
            Some(json!({ "email": "new@example.com", "role": "member" }))
        }
        ("POST", "/api/v1/auth/password") => {
            Some(json!({ "current_password": PASSWORD, "new_password": format!("{PASSWORD} two") }))
        }
        ("POST" | "DELETE", "/api/v1/auth/second-factor") => Some(json!({ "password": PASSWORD })),
        ("POST", "/api/v1/auth/second-factor/confirm") => Some(json!({ "code": "000000" })),
        ("POST", "/api/v1/auth/refresh") => Some(json!({ "refresh_token": person.refresh_token })),
        ("PUT", path) if path.contains("members") => Some(json!({ "role": "member" })),
        ("PUT" | "PATCH", path) if path.contains("users") => Some(json!({ "isActive": true })),
        ("POST", "/admin/keys" | "/api/account/keys") => {
            Some(json!({ "label": "x", "lifetimeDays": 1, "scopes": ["tasks:read"] }))
        }
        ("POST", "/api/api-keys") => Some(json!({ "name": "x" })),
        ("PUT", "/api/api-keys/{id}") => Some(json!({ "is_active": true })),
        ("POST", "/api/v1/api-keys") => Some(json!({ "name": "x", "scopes": ["tasks:read"] })),
        ("POST", "/admin/imported-keys") => {
            let key = json!({ "sha256": "ab".repeat(32), "label": "x", "scopes": ["tasks:read"], "expiresAt": "2099-01-01T00:00:00Z" });
            Some(json!({ "keys": [key] }))
        }
        ("PUT", "/api/sessions/{session}/client-rules") => Some(json!({ "recipientMode": "any" })),
        ("POST", "/api/client-tokens") => Some(json!({ "session": "none", "ephemeralId": "ada" })),
        ("PUT", "/admin/settings") => Some(json!({ "rateLimit": 0 })),
        ("POST", "/admin/debug") => Some(json!({ "enabled": false })),
        ("POST", "/admin/tenants") => Some(json!({ "name": "new" })),
        ("POST", "/auth/verify") => Some(json!({ "key": "titan_x" })),
        ("PUT" | "PATCH", path) if path.contains("tenants") => Some(json!({ "isActive": true })),
        ("PUT" | "PATCH", _) => Some(json!({ "label": "y" })),
        _ => None,
    }
}

/// Hashing a password takes long, so there is a user only where one is needed.
async fn person(app: &TestApp, route: &str, principal: usize) -> Person {
    if ["/api/v1", "/api/api-keys", "users", "members"].iter().any(|part| route.contains(part)) {
        app.person(&format!("ada{principal}@example.com"), "member").await
    } else {
        Person::default()
    }
}

/// The key that a request is about.
async fn target(app: &TestApp, route: &str, person: &Person) -> MadeKey {
    if !route.starts_with("/api/v1/api-keys/") {
        return app.key(&["tasks:read"]).await;
    }
    let body = json!({ "name": "x", "scopes": ["tasks:read"] });
    let answer = app.as_person(person).post("/api/v1/api-keys", body).await.expect(201);
    MadeKey { id: answer.text_at("/id"), text: answer.text_at("/key") }
}

/// The id of a client token of the default tenant, whose session has rules.
async fn client_token(app: &TestApp) -> String {
    let role = app.holder(&app.key(&["sessions:manage"]).await);
    let rules = json!({ "recipientMode": "any" });
    role.send("PUT", "/api/sessions/none/client-rules", Some(rules)).await.expect(200);
    let body = json!({ "session": "none", "ephemeralId": "ada" });
    role.post("/api/client-tokens", body).await.expect(201).text_at("/data/id")
}

/// Sends a row's request as one principal.
async fn ask(app: &TestApp, method: &str, route: &str, principal: usize) -> Answer {
    let is_master_only = route.starts_with("/admin") || route == "/metrics";
    let person = person(app, route, principal).await;
    let target = target(app, route, &person).await;
    let foreign = app.key_of(app.tenant(&format!("other {principal}")).await, &["*"]).await;
    app.master().send("POST", "/admin/signing-keys", None).await.expect(201);
    let token = if route.contains("client") { client_token(app).await } else { String::new() };
    let role = match principal {
        0 => app.nobody(),
        1 => app.role(Some("nonsense")),
        2 if is_master_only => app.holder(&app.key(&["*"]).await),
        2 => app.master(),
        3 => app.holder(&app.key(&["tasks:read"]).await),
        4 => app.holder(&foreign),
        _ if is_master_only => app.master(),
        _ if route.starts_with("/api/v1") || route.starts_with("/api/api-keys") => app.as_person(&person),
        _ => app.holder(&app.key(&["*"]).await),
    };
    let id = match route {
        route if route.contains("tenants") => "1",
        route if route.starts_with("/api/api-keys") => "01920a0b-0c0d-7e0f-8011-121314151617",
        route if route.contains("users") => &person.id,
        route if route.contains("sessions") => &person.session,
        _ => &target.id,
    };
    let path = route
        .replace("{id}", id)
        .replace("{user}", &person.id)
        .replace("{slot}", "0")
        .replace("{tenant}", "1")
        .replace("{session}", "none")
        .replace("{jti}", &token)
        .replace("{invitation}", "inv_00000000000000000000000000")
        .replace("{revision}", "1");
    let path = match (method, route) {
        ("DELETE", "/admin/keys" | "/api/account/keys") => format!("{path}?createdBy={id}"),
        _ => path,
    };
    if route.starts_with("/oauth2") {
        let request = role.request(method, &path).form(&[("token", "titan_x")]);
        return Answer::read(request.send().await.unwrap()).await;
    }
    role.send(method, &path, body(route, method, &person, principal)).await
}

async fn every_route_answers_every_principal(rows: impl Iterator<Item = &'static Row>) {
    let document = documented();
    for Row(method, route, expected) in rows {
        // Of its own, so that no row disturbs another.
        let app = TestApp::start().await;
        for (principal, status) in expected.iter().enumerate().filter(|(_, status)| **status != 0) {
            let answer = ask(&app, method, route, principal).await;
            assert_eq!(answer.status, *status, "{method} {route} as principal {principal}: {answer:?}");
            let operation = &document["paths"][route][method.to_lowercase()];
            assert!(
                !operation["responses"][status.to_string()].is_null(),
                "{method} {route}: {status} is undocumented"
            );
        }
    }
}

/// So many tests share the rows: one after the other, they take minutes.
const PARTS: usize = 6;

macro_rules! parts {
    ($($name:ident: $part:literal;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                every_route_answers_every_principal(TABLE.iter().skip($part).step_by(PARTS)).await;
            }
        )*

        #[test]
        fn every_row_is_in_a_part() {
            assert_eq!([$($part),*].to_vec(), (0..PARTS).collect::<Vec<_>>());
        }
    };
}

parts! {
    every_route_answers_every_principal_as_the_table_says_1: 0;
    every_route_answers_every_principal_as_the_table_says_2: 1;
    every_route_answers_every_principal_as_the_table_says_3: 2;
    every_route_answers_every_principal_as_the_table_says_4: 3;
    every_route_answers_every_principal_as_the_table_says_5: 4;
    every_route_answers_every_principal_as_the_table_says_6: 5;
}
