//! Somebody in front of a browser without scripts: cookies, forms, and the headers that a browser sends.

use super::app::MASTER_KEY;
use super::people::PASSWORD;
use super::{Answer, TestApp};
use reqwest::header::SET_COOKIE;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

#[derive(Clone)]
pub(crate) struct Browser {
    client: Client,
    base: String,
    pub(crate) cookies: BTreeMap<String, String>,
    /// The token of the forms of the last page.
    pub(crate) csrf: String,
}

impl Browser {
    pub(crate) fn at(address: SocketAddr) -> Self {
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { client, base: format!("http://{address}"), cookies: BTreeMap::new(), csrf: String::new() }
    }

    /// The same browser at another instance.
    pub(crate) fn moved_to(&self, address: SocketAddr) -> Self {
        Self { base: format!("http://{address}"), ..self.clone() }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.base));
        if cookies.is_empty() { request } else { request.header("cookie", cookies.join("; ")) }
    }

    async fn take(&mut self, request: RequestBuilder) -> Answer {
        let answer = Answer::read(request.send().await.unwrap()).await;
        for line in answer.headers.get_all(SET_COOKIE) {
            let (pair, attributes) = line.to_str().unwrap().split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        if let Some(csrf) = hidden(&answer.text, "csrf") {
            self.csrf = csrf;
        }
        answer
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        let request = self.request("GET", path).header("sec-fetch-site", "same-origin");
        self.take(request).await
    }

    /// Waits until the instance has a lease again: one whose clock was set forward has none for a moment.
    pub(crate) async fn settle(&self) {
        while self.request("GET", "/console").send().await.unwrap().status().as_u16() == 503 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends a form with the token of the last page.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf.clone();
        let fields: Vec<_> = [("csrf", csrf.as_str())].into_iter().chain(fields.iter().copied()).collect();
        let request = self.request("POST", path).header("sec-fetch-site", "same-origin").form(&fields);
        self.take(request).await
    }

    pub(crate) async fn sign_in_master(&mut self) -> Answer {
        self.get("/console/sign-in").await.expect(200);
        self.post("/console/sign-in", &[("how", "master"), ("master_key", MASTER_KEY)]).await
    }

    pub(crate) async fn sign_in(&mut self, email: &str) -> Answer {
        self.get("/console/sign-in").await.expect(200);
        self.post("/console/sign-in", &[("how", "password"), ("email", email), ("password", PASSWORD)]).await
    }
}

impl TestApp {
    pub(crate) fn browser(&self) -> Browser {
        Browser::at(self.control.unwrap_or(self.address))
    }

    /// A browser in which the holder of the master key has signed in.
    pub(crate) async fn master_browser(&self) -> Browser {
        let mut browser = self.browser();
        browser.sign_in_master().await.expect(303);
        browser.get("/console").await.expect(200);
        browser
    }
}

/// The value of a hidden field.
pub(crate) fn hidden(html: &str, name: &str) -> Option<String> {
    let (_, rest) = html.split_once(&format!("name=\"{name}\" value=\""))?;
    Some(rest.split('"').next()?.to_owned())
}
