//! A Titan of the test's own: real router, real listener, a database in a folder that goes with it.

use super::database::{SEAL_KEY, new_database};
use super::upstream::Echo;
use super::{Answer, Role};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tempfile::TempDir;
use titan::config::{Config, Settings, UpstreamConfig};
use titan::server::{Listeners, serve};
use titan::system::{SystemClock, SystemEntropy};
use titan::wire::App;
use titan_core::settings::{LogControl, LogLevel};
use titan_core::time::{Clock, Timestamp, Uptime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const MASTER_KEY: &str = "test-master-key-of-more-than-32-characters";

/// The system's clock, which a test can set forward.
#[derive(Default)]
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_secs(self.0.load(Ordering::SeqCst))
    }

    fn uptime(&self) -> Uptime {
        SystemClock.uptime()
    }
}

/// A log whose level nobody looks at: that of a program is tested with the program.
struct TestLog;

impl LogControl for TestLog {
    fn set(&self, _: Option<LogLevel>) {}

    fn configured(&self) -> LogLevel {
        LogLevel::Info
    }
}

/// A running Titan in front of an [`Echo`].
pub(crate) struct TestApp {
    pub(crate) address: SocketAddr,
    pub(crate) control: Option<SocketAddr>,
    pub(crate) metrics: Option<SocketAddr>,
    pub(crate) upstream: Echo,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) database_url: String,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<anyhow::Result<()>>>,
    _folder: TempDir,
}

/// A key that was made for a test.
#[derive(Clone, Debug)]
pub(crate) struct MadeKey {
    pub(crate) id: String,
    pub(crate) text: String,
}

impl MadeKey {
    pub(crate) fn of(answer: &Answer) -> Self {
        Self { id: answer.text_at("/data/id"), text: answer.text_at("/data/key") }
    }
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// Starts with a configuration that `change` made its own.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let upstream = Echo::start().await;
        let mut config = Config {
            listen: "127.0.0.1:0".to_owned(),
            database_url: new_database(folder.path()),
            seal_key: Some(SEAL_KEY.to_owned()),
            master_key: Some(MASTER_KEY.to_owned()),
            upstreams: vec![UpstreamConfig {
                url: format!("http://{}", upstream.address),
                policy: vec!["whatsapp".to_owned()],
                paths: vec!["/".to_owned()],
                ..UpstreamConfig::default()
            }],
            upstream_connect_timeout: 1,
            upstream_timeout: 1,
            // Most tests ask more often than a limit would let them.
            failed_attempts: 0,
            rate_limit: 0,
            msg_rate_limit: 0,
            ..Config::default()
        };
        change(&mut config);
        let database_url = config.database_url.clone();
        let settings = Settings::check(config).unwrap();
        let listeners = Listeners::bind(&settings).unwrap();
        let (address, control) = (listeners.public_address().unwrap(), listeners.control_address().unwrap());
        let metrics = listeners.metrics_address().unwrap();
        let (clock, log) = (Arc::new(TestClock::default()), Arc::new(TestLog));
        let started =
            App::start(&settings, Arc::<TestClock>::clone(&clock), Arc::new(SystemEntropy), log).await;
        let app = Arc::new(started.unwrap());
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(serve(app, listeners, async { stopped.await.unwrap_or_default() }));
        Self {
            address,
            control,
            metrics,
            upstream,
            clock,
            database_url,
            stop: Some(stop),
            serving: Some(serving),
            _folder: folder,
        }
    }

    /// Stops as SIGTERM does, and returns when all is finished.
    pub(crate) async fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        self.serving.take().unwrap().await.unwrap().unwrap();
    }

    pub(crate) fn nobody(&self) -> Role {
        self.role(None)
    }

    pub(crate) fn master(&self) -> Role {
        self.role(Some(MASTER_KEY))
    }

    pub(crate) fn holder(&self, key: &MadeKey) -> Role {
        self.role(Some(&key.text))
    }

    pub(crate) fn role(&self, bearer: Option<&str>) -> Role {
        Role::new(&format!("http://{}", self.address), bearer)
    }

    /// A key of the default tenant.
    pub(crate) async fn key(&self, scopes: &[&str]) -> MadeKey {
        self.key_of(1, scopes).await
    }

    pub(crate) async fn key_of(&self, tenant: u64, scopes: &[&str]) -> MadeKey {
        let body = json!({ "label": "test", "lifetimeDays": 30, "scopes": scopes, "tenantId": tenant });
        MadeKey::of(&self.master().post("/admin/keys", body).await.expect(201))
    }

    pub(crate) async fn tenant(&self, name: &str) -> u64 {
        let answer = self.master().post("/admin/tenants", json!({ "name": name })).await.expect(201);
        answer.at("/data/id").as_u64().unwrap()
    }

    /// What `/auth/verify` says of a key.
    pub(crate) async fn verify(&self, key: &str) -> Value {
        let answer = self.master().post("/auth/verify", json!({ "key": key })).await.expect(200);
        answer.at("/data")
    }

    pub(crate) async fn code(&self, key: &MadeKey) -> String {
        self.verify(&key.text).await["code"].as_str().unwrap().to_owned()
    }
}
