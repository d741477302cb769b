//! Requests with keys.

use crate::http::{Client, MASTER_KEY, request};
use crate::instance::Instance;
use crate::key::Key;
use crate::ledger::Ledger;
use crate::outcome::Outcome;
use crate::random::Random;
use crate::upstream::HEADER;
use anyhow::Result;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::header::HeaderValue;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::time::{interval, sleep};

/// Longer than an instance is ever stopped: what it answers when it goes on is worth most.
const PATIENCE: Duration = Duration::from_secs(40);
/// Requests to one instance that wait for an answer.
const MOST_OPEN: usize = 500;
/// From this many of the newest keys most requests take theirs.
const NEWEST: usize = 150;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Verify,
    Gateway,
}

/// Sends requests with keys to an instance.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) client: Client,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) instance: Arc<Instance>,
    open: Arc<Semaphore>,
}

impl Caller {
    pub(crate) fn new(client: Client, ledger: Arc<Ledger>, instance: Arc<Instance>) -> Self {
        Self { client, ledger, instance, open: Arc::new(Semaphore::new(MOST_OPEN)) }
    }

    /// One request, which the ledger hears of.
    pub(crate) async fn call(&self, key: &Key, way: Way) -> Outcome {
        let began = Instant::now();
        let outcome = match way {
            Way::Verify => self.verify(key).await,
            Way::Gateway => self.pass(key, began).await,
        };
        let outcome = outcome.unwrap_or_else(|error| Outcome::Odd(error.to_string()));
        self.ledger.ended(key, began, &format!("{way:?} of {}", self.instance.number), &outcome);
        outcome
    }

    async fn verify(&self, key: &Key) -> Result<Outcome> {
        let (url, body) = (self.instance.url("/auth/verify"), json!({ "key": key.text }));
        let Some(answer) = self.client.send(request("POST", &url, MASTER_KEY, Some(&body))?, PATIENCE).await
        else {
            return Ok(Outcome::Lost);
        };
        let code = answer.text_at("/data/code");
        Ok(match (answer.status, &*code) {
            (200, "VALID") => Outcome::Accepted,
            (200, _) => Outcome::Refused(code),
            (503, _) => Outcome::Unknown,
            (other, _) => Outcome::Odd(format!("{other} of verify")),
        })
    }

    async fn pass(&self, key: &Key, began: Instant) -> Result<Outcome> {
        let Some(answer) = self.client.send(self.marked(key, began)?, PATIENCE).await else {
            return Ok(Outcome::Lost);
        };
        Ok(match answer.status {
            200 => Outcome::Accepted,
            401 => Outcome::Refused(answer.text_at("/code")),
            503 => Outcome::Unknown,
            other => Outcome::Odd(format!("{other} of the gateway")),
        })
    }

    fn marked(&self, key: &Key, began: Instant) -> Result<Request<Full<Bytes>>> {
        let mut request = request("GET", &self.instance.url("/api/sessions"), &key.text, None)?;
        request.headers_mut().insert(HEADER, HeaderValue::from_str(&self.ledger.mark(key, began))?);
        Ok(request)
    }

    /// Sends it and does not wait: also to one that is stopped, there is always a new request.
    fn launch(&self, key: Arc<Key>, way: Way) {
        let Ok(permit) = Arc::clone(&self.open).try_acquire_owned() else { return };
        let caller = self.clone();
        tokio::spawn(async move {
            caller.call(&key, way).await;
            drop(permit);
        });
    }

    /// Some requests of each kind, from now on: a receipt for this key has come.
    pub(crate) fn probe(&self, key: &Arc<Key>, later: Duration) {
        let (caller, key) = (self.clone(), Arc::clone(key));
        tokio::spawn(async move {
            for pause in [Duration::ZERO, later] {
                sleep(pause).await;
                caller.launch(Arc::clone(&key), Way::Verify);
                caller.launch(Arc::clone(&key), Way::Gateway);
            }
        });
    }

    /// So many requests a second, for ever: most with young keys, whose changes are under way.
    pub(crate) async fn load(self, rate: u32, mut random: Random) {
        let mut ticks = interval(Duration::from_secs(1) / rate.max(1));
        loop {
            ticks.tick().await;
            let newest = if random.is_one_of(4) { usize::MAX } else { NEWEST };
            let way = if random.is_one_of(2) { Way::Verify } else { Way::Gateway };
            if let Some(key) = self.ledger.draw(newest, random.below(usize::MAX)) {
                self.launch(key, way);
            }
        }
    }
}
