//! Changes, each through some instance, until there is a receipt.

use crate::http::{Answer, Client, MASTER_KEY, request};
use crate::instance::Instance;
use crate::key::Key;
use crate::ledger::Ledger;
use crate::load::Caller;
use crate::random::Random;
use anyhow::{Result, bail};
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How long one attempt may take: longer than a lease, shorter than an instance may be stopped.
const PATIENCE: Duration = Duration::from_secs(7);
/// The pause before a change, while requests use the key.
const PAUSE: Duration = Duration::from_millis(400);

/// One of those who make changes.
pub(crate) struct Changer {
    pub(crate) client: Client,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) callers: Vec<Caller>,
    pub(crate) random: Random,
}

/// A change: how it is asked for, and which answers say that it is in force.
struct Change<'a> {
    method: &'a str,
    path: String,
    body: Option<Value>,
    receipts: &'a [u16],
}

impl Changer {
    /// One revocation of some kind, and its receipt.
    pub(crate) async fn revoke(&mut self) -> Result<()> {
        match self.random.below(20) {
            0..6 => self.rotate().await,
            6..12 => self.delete().await,
            12..17 => self.disable().await,
            17 => self.end_tenant("tenant: keys revoked", &json!({ "revokeKeys": true })).await,
            _ => self.end_tenant("tenant: off", &json!({ "isActive": false })).await,
        }
    }

    async fn rotate(&mut self) -> Result<()> {
        let key = self.new_key(1).await?;
        let change = Change::new("POST", format!("/admin/keys/{}/rotate", key.id), None, &[200, 409]);
        let answer = self.change("rotate", change, &[Arc::clone(&key)]).await?;
        self.note_new(&answer);
        Ok(())
    }

    async fn delete(&mut self) -> Result<()> {
        let key = self.new_key(1).await?;
        self.delete_key(key).await
    }

    pub(crate) async fn delete_key(&mut self, key: Arc<Key>) -> Result<()> {
        let path = format!("/admin/keys/{}", key.id);
        let change = Change::new("DELETE", path, None, &[204, 404]);
        self.change("delete", change, &[key]).await.map(drop)
    }

    /// Some are enabled again: then they must pass, until they are disabled for the second time. Not if something was
    /// asked for twice: an instance that was stopped may do the first of them whenever it goes on.
    async fn disable(&mut self) -> Result<()> {
        let key = self.new_key(1).await?;
        let switch = |on: bool| {
            Change::new("PATCH", format!("/admin/keys/{}", key.id), Some(json!({ "isActive": on })), &[200])
        };
        let disabled = self.change("disable", switch(false), &[Arc::clone(&key)]).await?;
        if disabled.attempts > 1 || !self.random.is_one_of(4) {
            return Ok(());
        }
        key.begin_pardon("is about to be enabled".to_owned());
        let enabled = self.ask(&switch(true), &[Arc::clone(&key)]).await?;
        if enabled.attempts > 1 {
            return self.delete_key(key).await;
        }
        key.is_good_since(enabled.received, format!("enabled: {}", receipt(&enabled)));
        self.pause().await;
        self.change("disable again", switch(false), &[Arc::clone(&key)]).await.map(drop)
    }

    async fn end_tenant(&mut self, kind: &'static str, body: &Value) -> Result<()> {
        let name = format!("t{}", self.random.next());
        let create =
            Change::new("POST", "/admin/tenants".to_owned(), Some(json!({ "name": name })), &[201, 409]);
        // If an answer is lost, the name is taken; the next one is not.
        let Some(tenant) = self.ask(&create, &[]).await?.number_at("/data/id") else { return Ok(()) };
        let mut keys = Vec::new();
        for _ in 0..3 {
            keys.push(self.new_key(tenant).await?);
        }
        let change = Change::new("PATCH", format!("/admin/tenants/{tenant}"), Some(body.clone()), &[200]);
        self.change(kind, change, &keys).await.map(drop)
    }

    /// Another signing key, and the end of the one before it. `false` if all slots are used.
    pub(crate) async fn retire_signing_key(&mut self) -> Result<bool> {
        let create = Change::new("POST", "/admin/signing-keys".to_owned(), None, &[201, 409]);
        let answer = self.ask(&create, &[]).await?;
        let Some(new) = answer.text_at("/data/slot").parse().ok().or(answer.number_at("/data/slot")) else {
            return Ok(false);
        };
        let Some(old) = new.checked_sub(1).and_then(|old| usize::try_from(old).ok()) else {
            return Ok(false);
        };
        self.ledger.begin_retirement(old, "its signing key is about to be retired");
        // A 404 says that it is retired, and promises nothing. Whoever does not wait is less often told that.
        let wait = if self.random.is_one_of(3) { "" } else { "?wait=none" };
        let change = Change::new("DELETE", format!("/admin/signing-keys/{old}{wait}"), None, &[204, 404]);
        let mut answer = self.ask(&change, &[]).await?;
        if answer.status == 202 {
            answer.received = self.wait_for(&answer).await?;
        }
        if answer.status != 404 {
            let said = format!("its signing key is retired: {}", receipt(&answer));
            self.ledger.retired(old, answer.received, &said);
            self.ledger.tally.receipt("signing key retired", answer.field("lapsed").unwrap_or_default());
        }
        Ok(true)
    }

    /// A key, and some time in which it is used.
    pub(crate) async fn new_key(&mut self, tenant: u64) -> Result<Arc<Key>> {
        let body =
            json!({ "label": "x", "lifetimeDays": 30, "scopes": ["sessions:read"], "tenantId": tenant });
        let create = Change::new("POST", "/admin/keys".to_owned(), Some(body), &[201]);
        let answer = self.ask(&create, &[]).await?;
        let key = self.note_new(&answer);
        self.pause().await;
        Ok(key)
    }

    async fn pause(&mut self) {
        sleep(self.random.time(Duration::from_millis(1), PAUSE)).await;
    }

    /// A rotation that was repeated contains no key; then nobody ever asks about this one.
    fn note_new(&self, answer: &Answer) -> Arc<Key> {
        let (id, text) = (answer.text_at("/data/id"), answer.text_at("/data/key"));
        if text.is_empty() {
            return Arc::new(Key::new(usize::MAX, id, text));
        }
        self.ledger.add(id, text, answer.received, "issued".to_owned())
    }

    /// A change that forbids these keys.
    async fn change(
        &mut self,
        kind: &'static str,
        mut change: Change<'_>,
        keys: &[Arc<Key>],
    ) -> Result<Answer> {
        for key in keys {
            key.begin_change(format!("{kind}: is about to begin"));
        }
        let is_patient = !self.random.is_one_of(8);
        if !is_patient {
            change.path.push_str("?wait=none");
        }
        let mut answer = self.ask(&change, keys).await?;
        if answer.status == 202 {
            answer.received = self.wait_for(&answer).await?;
        }
        let said = receipt(&answer);
        if answer.status < 300 && answer.receipt.is_none() {
            self.ledger.accuse(format!("{kind}: {said}"));
        }
        for key in keys {
            self.ledger.forbidden(key, answer.received, &format!("{kind}: {said}"));
            for caller in &self.callers {
                caller.probe(key, self.random.time(Duration::from_millis(50), Duration::from_secs(2)));
            }
        }
        let kind = if is_patient { kind.to_owned() } else { format!("{kind} (wait=none)") };
        self.ledger.tally.receipt(&kind, answer.field("lapsed").unwrap_or_default());
        Ok(answer)
    }

    /// When a change that was not waited for is in force.
    async fn wait_for(&mut self, answer: &Answer) -> Result<Instant> {
        let Some(revision) = answer.field("rev") else { bail!("202 without a revision") };
        loop {
            let ask = Change::new("GET", format!("/admin/revisions/{revision}"), None, &[200]);
            let answer = self.ask(&ask, &[]).await?;
            if answer.body.pointer("/data/inForce") == Some(&Value::Bool(true)) {
                return Ok(answer.received);
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asks some instance, and then others, until one answers so.
    async fn ask(&mut self, change: &Change<'_>, keys: &[Arc<Key>]) -> Result<Answer> {
        for attempts in 1.. {
            let Some(caller) = self.random.pick(&self.callers) else { bail!("no instance") };
            for key in keys {
                key.note(format!("{} {} at {}", change.method, change.path, caller.instance.number));
            }
            let request = change.request(&caller.instance)?;
            match self.client.send(request, PATIENCE).await {
                Some(answer) if change.is_done(answer.status) => return Ok(Answer { attempts, ..answer }),
                Some(answer) if answer.status == 503 => self.ledger.tally.attempt("503"),
                Some(answer) => bail!("{} {}: {} {}", change.method, change.path, answer.status, answer.body),
                None => self.ledger.tally.attempt("no answer"),
            }
            sleep(self.random.time(Duration::from_millis(50), Duration::from_millis(500))).await;
        }
        bail!("nobody answers")
    }
}

impl<'a> Change<'a> {
    const fn new(method: &'a str, path: String, body: Option<Value>, receipts: &'a [u16]) -> Self {
        Self { method, path, body, receipts }
    }

    fn request(&self, instance: &Instance) -> Result<Request<Full<Bytes>>> {
        request(self.method, &instance.url(&self.path), MASTER_KEY, self.body.as_ref())
    }

    fn is_done(&self, status: u16) -> bool {
        self.receipts.contains(&status) || status == 202
    }
}

fn receipt(answer: &Answer) -> String {
    format!("{} {}", answer.status, answer.receipt.as_deref().unwrap_or("without a receipt"))
}
