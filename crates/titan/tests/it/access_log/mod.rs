//! The access log: a line for each request of the gateway and of `/auth/verify`.

mod broken;
mod fields;
mod program;
mod refusals;

use crate::support::access_log::LogFile;
use crate::support::{Role, TestApp};
use reqwest::RequestBuilder;
use serde_json::Value;
use titan::config::{Config, LogFormat};

/// A Titan that keeps an access log.
struct Logged {
    app: TestApp,
    log: LogFile,
}

impl Logged {
    async fn start() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let log = LogFile::new();
        let app = TestApp::with(|config| {
            config.access_log = log.option();
            change(config);
        });
        Self { app: app.await, log }
    }

    async fn of(format: LogFormat) -> Self {
        Self::with(|config| config.access_log_format = format).await
    }

    /// Sends a request and gives its line.
    async fn line(&self, request: RequestBuilder) -> Value {
        let answer = request.send().await.unwrap();
        let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        answer.bytes().await.unwrap();
        self.log.line(&id).await
    }

    async fn line_of(&self, role: &Role, method: &str, path: &str) -> Value {
        self.line(role.request(method, path)).await
    }
}
