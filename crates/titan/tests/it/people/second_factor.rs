//! The second factor: who has one needs a code, and each code is good once.

use super::platform;
use crate::support::people::{PASSWORD, Person};
use crate::support::{Answer, TestApp};
use serde_json::{Value, json};
use std::process::Command;
use titan_core::time::Clock;

const FACTOR: &str = "/api/v1/auth/second-factor";
const CONFIRM: &str = "/api/v1/auth/second-factor/confirm";
const ADA: &str = "ada@example.com";
/// RFC 6238 by somebody else, so that the program is not compared with itself.
const TOTP: &str = "import base64, hmac, struct, sys
tag = hmac.digest(base64.b32decode(sys.argv[1]), struct.pack('>q', int(sys.argv[2]) // 30), 'sha1')
at = tag[19] & 15
print('%06d' % ((struct.unpack('>I', tag[at:at + 4])[0] & 0x7fffffff) % 1000000))";

/// The code that an app shows so many seconds from now.
pub(crate) fn code(app: &TestApp, secret: &str, later: i64) -> String {
    let at = (app.clock.now().secs() + later).to_string();
    let output = Command::new("python3").args(["-c", TOTP, secret, &at]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub(super) async fn login(app: &TestApp, password: &str, code: Option<&str>) -> Answer {
    let body = match code {
        Some(code) => json!({ "email": ADA, "password": password, "code": code }),
        None => json!({ "email": ADA, "password": password }),
    };
    app.nobody().post("/api/v1/auth/login", body).await
}

/// Somebody with a second factor: the person, the secret, and the recovery codes.
pub(crate) async fn enrolled(app: &TestApp) -> (Person, String, Vec<String>) {
    let ada = app.person(ADA, "member").await;
    let answer = app.as_person(&ada).post(FACTOR, json!({ "password": PASSWORD })).await.expect(200);
    let secret = answer.text_at("/data/secret");
    let right = code(app, &secret, 0);
    let answer = app.as_person(&ada).post(CONFIRM, json!({ "code": right })).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let codes: Vec<String> = serde_json::from_value(answer.at("/data/recovery_codes")).unwrap();
    // The code that confirmed it is used up.
    app.clock.advance(30);
    (ada, secret, codes)
}

fn message(answer: &Answer) -> Value {
    answer.at("/error/message")
}

#[tokio::test]
async fn a_code_is_needed_once_it_is_confirmed_and_good_once() {
    let app = platform().await;
    let ada = app.person(ADA, "member").await;
    let wrong = app.as_person(&ada).post(FACTOR, json!({ "password": "wrong but long enough" })).await;
    assert_eq!(message(&wrong.expect(400)), json!("password: is wrong"));
    let first = app.as_person(&ada).post(FACTOR, json!({ "password": PASSWORD })).await.expect(200);
    let again = app.as_person(&ada).post(FACTOR, json!({ "password": PASSWORD })).await.expect(200);
    let (old, secret) = (first.text_at("/data/secret"), again.text_at("/data/secret"));
    assert_ne!(old, secret);
    let uri = again.text_at("/data/uri");
    assert!(
        uri.starts_with("otpauth://totp/titan:ada%40example.com?secret=") && uri.contains(&secret),
        "{uri}"
    );
    login(&app, PASSWORD, None).await.expect(200);
    let of_old = code(&app, &old, 0);
    app.as_person(&ada).post(CONFIRM, json!({ "code": of_old })).await.expect(400);
    login(&app, PASSWORD, None).await.expect(200);
    let right = code(&app, &secret, 0);
    let codes = app.as_person(&ada).post(CONFIRM, json!({ "code": right })).await.expect(200);
    assert_eq!(codes.at("/data/recovery_codes").as_array().unwrap().len(), 10);
    let view = app.as_person(&ada).get(FACTOR).await.expect(200);
    assert_eq!(view.at("/data/is_on"), json!(true));
    app.as_person(&ada).post(CONFIRM, json!({ "code": right })).await.expect(409);
    app.as_person(&ada).post(FACTOR, json!({ "password": PASSWORD })).await.expect(409);

    let needed = login(&app, PASSWORD, None).await.expect(401);
    let text = "send a code of your authenticator app, or a recovery code, as code";
    assert_eq!(message(&needed), json!(text));
    let used = login(&app, PASSWORD, Some(&right)).await.expect(401);
    assert_eq!(message(&used), json!("wrong code"), "the one that confirmed it");
    app.clock.advance(30);
    let next = code(&app, &secret, 0);
    login(&app, PASSWORD, Some(&next)).await.expect(200);
    login(&app, PASSWORD, Some(&next)).await.expect(401);
    for (later, status) in [(-60, 401), (90, 401), (30, 200)] {
        let other = code(&app, &secret, later);
        let answer = login(&app, PASSWORD, Some(&other)).await;
        assert_eq!(answer.status, status, "a code of {later} s from now: {answer:?}");
    }
}

#[tokio::test]
async fn without_the_password_nobody_learns_of_it() {
    let app = platform().await;
    let (_, secret, _) = enrolled(&app).await;
    let right = code(&app, &secret, 0);
    for code in [None, Some(right.as_str())] {
        let answer = login(&app, "wrong but long enough", code).await.expect(401);
        assert_eq!(message(&answer), json!("invalid email or password"));
    }
    login(&app, PASSWORD, Some(&right)).await.expect(200);
}

#[tokio::test]
async fn a_recovery_code_is_good_once_however_it_is_typed() {
    let app = platform().await;
    let (_, _, codes) = enrolled(&app).await;
    let typed = codes[0].to_uppercase().replace('-', " ");
    login(&app, PASSWORD, Some(&typed)).await.expect(200);
    login(&app, PASSWORD, Some(&codes[0])).await.expect(401);
    login(&app, PASSWORD, Some(&codes[9])).await.expect(200);
    login(&app, PASSWORD, Some("")).await.expect(401);
}

/// What two of a hundred guesses at once could find.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_with_one_code_one_gets_in() {
    let app = platform().await;
    let (_, secret, codes) = enrolled(&app).await;
    for code in [code(&app, &secret, 0), codes[3].clone()] {
        let tries = (0..4).map(|_| login(&app, PASSWORD, Some(&code)));
        let answers = futures_util::future::join_all(tries).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
    }
}

#[tokio::test]
async fn wrong_codes_are_failures_and_missing_ones_are_not() {
    let app = platform().await;
    let (_, secret, _) = enrolled(&app).await;
    for _ in 0..15 {
        login(&app, PASSWORD, None).await.expect(401);
    }
    for _ in 0..10 {
        login(&app, PASSWORD, Some("000000")).await.expect(401);
    }
    let right = code(&app, &secret, 0);
    login(&app, PASSWORD, Some(&right)).await.expect(429);
    app.clock.advance(901);
    let right = code(&app, &secret, 0);
    login(&app, PASSWORD, Some(&right)).await.expect(200);
}

#[tokio::test]
async fn removing_it_takes_password_and_code_and_a_password_that_can_be_alone() {
    let app = platform().await;
    let (ada, secret, codes) = enrolled(&app).await;
    let remove =
        async |person: &Person, body: Value| app.as_person(person).send("DELETE", FACTOR, Some(body)).await;
    let answer = remove(&ada, json!({ "password": PASSWORD })).await.expect(400);
    assert_eq!(message(&answer), json!("code: is required, because you have a second factor"));
    let answer = remove(&ada, json!({ "password": PASSWORD, "code": "000000" })).await.expect(400);
    assert_eq!(message(&answer), json!("code: is wrong, or was used before"));
    remove(&ada, json!({ "password": "wrong but long enough", "code": codes[0] })).await.expect(400);

    // With a second factor a short password will do; without it, not.
    let change = json!({ "current_password": PASSWORD, "new_password": "zw3lf!Ap", "code": codes[1] });
    app.as_person(&ada).post("/api/v1/auth/password", change).await.expect(204);
    let right = code(&app, &secret, 0);
    let token = login(&app, "zw3lf!Ap", Some(&right)).await.expect(200).text_at("/data/token");
    let ada = Person { token, ..ada };
    let answer = remove(&ada, json!({ "password": "zw3lf!Ap", "code": codes[2] })).await.expect(400);
    assert!(answer.text_at("/error/message").contains("set a longer one first"), "{answer:?}");
    let change = json!({ "current_password": "zw3lf!Ap", "new_password": PASSWORD, "code": codes[2] });
    app.as_person(&ada).post("/api/v1/auth/password", change).await.expect(204);
    let token = login(&app, PASSWORD, Some(&codes[3])).await.expect(200).text_at("/data/token");
    let ada = Person { token, ..ada };
    remove(&ada, json!({ "password": PASSWORD, "code": codes[4] })).await.expect(204);
    remove(&ada, json!({ "password": PASSWORD })).await.expect(404);
    login(&app, PASSWORD, None).await.expect(200);
}

#[tokio::test]
async fn the_operator_helps_who_lost_it_with_a_new_password() {
    let app = platform().await;
    let (ada, _, _) = enrolled(&app).await;
    let path = format!("/admin/users/{}", ada.id);
    let view = app.master().get(&path).await.expect(200);
    assert_eq!(view.at("/data/hasSecondFactor"), json!(true));
    app.master()
        .patch(&path, json!({ "isActive": true, "removeSecondFactor": true }))
        .await
        .refused(400, "removeSecondFactor: is allowed only with a new password");
    let change = json!({ "password": "another quite long one", "removeSecondFactor": true });
    let view = app.master().patch(&path, change).await.expect(200);
    assert_eq!(view.at("/data/hasSecondFactor"), json!(false));
    app.as_person(&ada).get(FACTOR).await.expect(401);
    login(&app, "another quite long one", None).await.expect(200);
}

/// What a database tells.
#[tokio::test]
async fn neither_the_secret_nor_a_code_is_in_the_database() {
    let mut app = platform().await;
    let (_, secret, codes) = enrolled(&app).await;
    app.stop().await;
    if crate::support::database::is_postgres() {
        return;
    }
    let path = app.database_url.trim_start_matches("sqlite://");
    let mut file = std::fs::read(path).unwrap();
    file.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
    let has = |text: &str| file.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(has(ADA), "this is the file");
    assert!(!has(&secret) && codes.iter().all(|code| !has(code) && !has(&code.replace('-', ""))));
}
