//! To whom a token may send, and that nobody else can be put in.

use super::{CHAT, SEND, Shop, TYPING, allowing, message, with};
use crate::support::{Answer, Role, TestApp};
use serde_json::json;
use std::time::Duration;

const ACTIONS: &str = "send_message,send_reaction,send_typing,read_presence,subscribe_presence,read_contact";

async fn conversation(app: &TestApp) -> Role {
    let rules = with(allowing(ACTIONS), &json!({ "recipientMode": "conversation" }));
    Shop::with(app, rules).await.page(app, "ada").await
}

/// Sends these bytes as a message.
async fn raw(page: &Role, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = page.request("POST", SEND).header("content-type", content_type).body(body);
    Answer::read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn no_body_hides_another_recipient() {
    let app = TestApp::start().await;
    let page = conversation(&app).await;
    for (body, status) in [
        // One reader takes the first, another the last.
        (format!(r#"{{"chatId":"{CHAT}","chatId":"666@c.us"}}"#), 400),
        (format!(r#"{{"chatId":"666@c.us","chatId":"{CHAT}"}}"#), 400),
        (format!(r#"{{"chatId":"{CHAT}","ch\u0061tId":"666@c.us"}}"#), 400),
        (format!(r#"{{"chatId":"{CHAT}","ChatId":"666@c.us"}}"#), 400),
        (format!(r#"{{"x":{{"y":1,"y":2}},"chatId":"{CHAT}"}}"#), 400),
        (format!(r#"{{"chatId":"{CHAT}"}}{{"chatId":"666@c.us"}}"#), 400),
        (format!("\u{feff}{{\"chatId\":\"{CHAT}\"}}"), 400),
        (format!(r#"{{"chatId":"{CHAT}""#), 400),
        (format!(r#"[{{"chatId":"{CHAT}"}}]"#), 403),
        (format!(r#"{{"chatId":["{CHAT}"]}}"#), 403),
        (format!(r#"{{"chatId":["{CHAT}","666@c.us"]}}"#), 403),
        (format!(r#"{{"chatId":"{CHAT} "}}"#), 403),
        (format!(r#"{{"chatId":"{CHAT},666@c.us"}}"#), 403),
        (r#"{"chatId":"4915%40c.us"}"#.to_owned(), 403),
        (r#"{"chatId":null}"#.to_owned(), 403),
        (r#"{"text":"hello"}"#.to_owned(), 403),
        (String::new(), 400),
    ] {
        let answer = raw(&page, "application/json", body.clone()).await;
        assert_eq!(answer.status, status, "{body} {answer:?}");
        if status == 403 {
            answer.refused(403, "recipient not allowed");
        }
    }
    let form = "chatId=666@c.us";
    raw(&page, "application/x-www-form-urlencoded", form).await.expect(415);
    raw(&page, "application/json; charset=utf-16", message(CHAT).to_string()).await.expect(415);
    let packed = page.request("POST", SEND).header("content-encoding", "gzip").json(&message(CHAT));
    assert_eq!(packed.send().await.unwrap().status().as_u16(), 415);
    assert_eq!(app.upstream.take().len(), 0, "nothing of it has reached the server");
    let page = app.master().get("/metrics").await.expect(200).text;
    let counted = |reason: &str, count: u32| {
        let series = "titan_verdicts_total{part=\"gateway\",credential=\"client_token\"";
        assert!(page.contains(&format!("{series},reason=\"{reason}\"}} {count}")), "{reason}: {page}");
    };
    counted("recipient_not_allowed", 8);
    counted("unreadable", 12);
}

#[tokio::test]
async fn no_query_hides_another_recipient_or_session() {
    let app = TestApp::start().await;
    let page = conversation(&app).await;
    for query in [
        "chatId=666@c.us",
        "x=1&chatId",
        "CHATID=1",
        "chat%49d=1",
        "chatId[]=1",
        "chatId%5B0%5D=1",
        "x;chatId=1",
        "chatId+=1",
    ] {
        let answer = page.post(&format!("{SEND}?{query}"), message(CHAT)).await;
        answer.refused(400, "query: must not contain chatId");
    }
    let answer = page.get("/api/sessions/default/presence?session=support").await;
    answer.refused(400, "query: must not contain session");
    page.get("/api/sessions/default/presence/4915@c.us?chatId=1").await.expect(400);
    assert_eq!(app.upstream.take().len(), 0);
    page.post(&format!("{SEND}?chat=1&id=chatId&xchatId=1"), message(CHAT)).await.expect(200);
}

/// A body that is sent after a while, in two pieces.
fn late(first: String, second: String, pause: Duration) -> reqwest::Body {
    let pieces = futures_util::stream::unfold(Some((first, second)), move |left| async move {
        let (first, second) = left?;
        if first.is_empty() {
            tokio::time::sleep(pause).await;
            return Some((Ok::<_, std::io::Error>(second), None));
        }
        Some((Ok(first), Some((String::new(), second))))
    });
    reqwest::Body::wrap_stream(pieces)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_while_the_body_comes_counts() {
    let app = TestApp::start().await;
    let rules = with(allowing(ACTIONS), &json!({ "recipientMode": "conversation" }));
    for (round, refusal) in
        [Some((403, "action not allowed: send_message")), Some((401, "token revoked")), None]
            .into_iter()
            .enumerate()
    {
        let shop = Shop::with(&app, rules.clone()).await;
        let minted = shop.mint("ada").await;
        let page = app.role(minted["token"].as_str());
        let text = message(CHAT).to_string();
        let (first, second) = text.split_at(5);
        let body = late(first.to_owned(), second.to_owned(), Duration::from_millis(600));
        let sending = page.request("POST", SEND).header("content-type", "application/json").body(body);
        let sending = tokio::spawn(async move { Answer::read(sending.send().await.unwrap()).await });
        tokio::time::sleep(Duration::from_millis(200)).await;
        match round {
            0 => drop(shop.set(allowing("send_typing")).await),
            1 => {
                let path = format!("{}/{}", super::TOKENS, minted["id"].as_str().unwrap());
                shop.role.delete(&path).await.expect(204);
            }
            // Rules that still allow it take nothing away.
            _ => drop(shop.set(with(rules.clone(), &json!({ "rateLimit": 9 }))).await),
        }
        let answer = sending.await.unwrap();
        match refusal {
            Some((status, text)) => drop(answer.refused(status, text)),
            None => drop(answer.expect(200)),
        }
    }
    assert_eq!(app.upstream.take().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_revoked_does_not_wait_for_its_body() {
    let app = TestApp::start().await;
    let shop = Shop::with(&app, with(allowing(ACTIONS), &json!({ "recipientMode": "conversation" }))).await;
    let minted = shop.mint("ada").await;
    let page = app.role(minted["token"].as_str());
    let body = late("{".to_owned(), "}".to_owned(), Duration::from_mins(1));
    let sending = page.request("POST", SEND).header("content-type", "application/json").body(body);
    let sending = tokio::spawn(async move { sending.send().await.map(|answer| answer.status().as_u16()) });
    tokio::time::sleep(Duration::from_millis(200)).await;
    shop.role.delete(&format!("{}/{}", super::TOKENS, minted["id"].as_str().unwrap())).await.expect(204);
    let ended = tokio::time::timeout(Duration::from_secs(4), sending).await.unwrap().unwrap();
    assert!(ended.is_err() || ended.is_ok_and(|status| status == 401));
}

#[tokio::test]
async fn the_bytes_that_were_checked_are_passed_on() {
    let app = TestApp::start().await;
    let page = conversation(&app).await;
    let body = "{ \"text\" : \"\\u00e9\",\t\"chatId\":\"4915\\u0040c.us\" }";
    raw(&page, "application/json", body).await.expect(200);
    assert_eq!(app.upstream.take().remove(0)["body"], body);
}

#[tokio::test]
async fn a_body_that_decides_has_at_most_64_kib_and_others_stream() {
    let app = TestApp::start().await;
    let page = conversation(&app).await;
    let long = |bytes: usize| with(message(CHAT), &json!({ "text": "x".repeat(bytes) })).to_string();
    let most = 65_536 - long(0).len();
    raw(&page, "application/json", long(most)).await.expect(200);
    let answer = raw(&page, "application/json", long(most + 1)).await;
    answer.refused(413, "body: must be at most 65536 bytes");
    assert_eq!(app.upstream.take().len(), 1);
    // Nothing in this body decides.
    let check = page.request("POST", "/api/default/contacts/check").body("x".repeat(500_000));
    assert_eq!(check.send().await.unwrap().status().as_u16(), 200);
    let rules = allowing(ACTIONS);
    let open = Shop::with(&app, rules).await.page(&app, "ada").await;
    raw(&open, "application/json", long(most + 1)).await.expect(200);
    raw(&open, "text/plain", "no JSON").await.expect(200);
}

#[tokio::test]
async fn two_spellings_of_a_chat_are_one_in_a_path() {
    let app = TestApp::start().await;
    let page = conversation(&app).await;
    for path in [
        "/api/sessions/default/presence/4915@c.us",
        "/api/sessions/default/presence/4915%40c.us",
        "/api/default/presence/%34915%40c%2Eus",
    ] {
        page.get(path).await.expect(200);
    }
    for path in [
        "/api/sessions/default/presence/666@c.us",
        "/api/sessions/default/presence/666%40c.us",
        "/api/default/presence/4915@C.us",
    ] {
        page.get(path).await.refused(403, "recipient not allowed");
    }
    page.get("/api/default/presence/4915%2540c.us").await.expect(400);
    page.post("/api/default/presence/666%40c.us/subscribe", json!({})).await.expect(403);
}

#[tokio::test]
async fn a_token_that_was_minted_with_the_other_spelling_is_for_the_same_chat() {
    let app = TestApp::start().await;
    let rules = with(allowing(ACTIONS), &json!({ "recipientMode": "conversation" }));
    let shop = Shop::with(&app, rules).await;
    let body = json!({ "session": "default", "ephemeralId": "ada", "chatId": "4915%40c.us" });
    let token = shop.role.post(super::TOKENS, body).await.expect(201).text_at("/data/token");
    app.role(Some(&token)).post(SEND, message(CHAT)).await.expect(200);
}

#[tokio::test]
async fn each_mode_has_its_recipients() {
    let app = TestApp::start().await;
    let list = json!({ "recipientMode": "allowlist", "allowedRecipients": ["1@c.us", "2@c.us"] });
    let shop = Shop::with(&app, with(allowing(ACTIONS), &list)).await;
    let page = shop.page(&app, "ada").await;
    page.post(SEND, message("2@c.us")).await.expect(200);
    let answer = page.post(SEND, message(CHAT)).await.refused(403, "recipient not allowed");
    assert_eq!(answer.text_at("/code"), "recipient_not_allowed");
    shop.set(with(allowing(ACTIONS), &json!({ "recipientMode": "conversation" }))).await;
    page.post(SEND, message("2@c.us")).await.refused(403, "recipient not allowed");
    page.post(TYPING, message("2@c.us")).await.refused(403, "recipient not allowed");
    page.post(SEND, message(CHAT)).await.expect(200);
    shop.set(allowing(ACTIONS)).await;
    page.post(SEND, message("anybody")).await.expect(200);
    // A token without a chat sends to nobody, whatever the rules became.
    let body = json!({ "session": "default", "ephemeralId": "bob" });
    let bare = shop.role.post(super::TOKENS, body).await.expect(201).text_at("/data/token");
    let bare = app.role(Some(&bare));
    bare.post(SEND, message(CHAT)).await.expect(200);
    shop.set(with(allowing(ACTIONS), &json!({ "recipientMode": "conversation" }))).await;
    bare.post(SEND, message(CHAT)).await.refused(403, "recipient not allowed");
}
