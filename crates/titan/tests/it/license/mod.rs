//! The license: when it holds, where, and the sessions that it counts.

mod command;
mod counting;
mod forward_auth;
mod instances;
mod races;
mod start;
mod validity;

use crate::support::{Answer, Role, TestApp};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use titan::config::Config;
use titan::system::SystemClock;
use titan_core::time::Clock;
use titan_token::LicenseKey;

const DAY: i64 = 86_400;

fn issuer() -> LicenseKey {
    LicenseKey::from_seed(&[7; 32])
}

/// A license that is good for ten days and has a grace period of five, with other claims if `change` says so.
fn license(change: impl FnOnce(&mut Value)) -> String {
    let now = SystemClock.now();
    let mut claims = json!({
        "sessionLimit": null,
        "platform": "any",
        "issuedAt": now.to_string(),
        "expiresAt": now.plus_secs(10 * DAY).to_string(),
        "gracePeriodDays": 5,
        "awsAccountId": null,
    });
    change(&mut claims);
    issuer().sign(&claims.to_string())
}

fn limited(sessions: u32) -> String {
    license(|claims| claims["sessionLimit"] = sessions.into())
}

fn write(folder: &Path, license: &str) -> PathBuf {
    let path = folder.join("license");
    std::fs::write(&path, license).unwrap();
    path
}

fn install(config: &mut Config, folder: &Path, license: &str) {
    config.license_file = Some(write(folder, license));
    config.license_public_key = Some(issuer().public().to_string());
}

async fn licensed(license: &str) -> TestApp {
    let folder = tempfile::tempdir().unwrap();
    TestApp::with(|config| install(config, folder.path(), license)).await
}

async fn holder(app: &TestApp) -> Role {
    app.holder(&app.key(&["*"]).await)
}

/// Starts a session; the upstream answers as `query` says.
async fn open(role: &Role, session: &str, query: &str) -> Answer {
    role.send("POST", &format!("/api/sessions/{session}/start{query}"), None).await
}

async fn close(role: &Role, session: &str, query: &str) -> Answer {
    role.send("POST", &format!("/api/sessions/{session}/stop{query}"), None).await
}

/// The names of the sessions that are counted.
async fn counted(app: &TestApp) -> Vec<String> {
    let answer = app.master().get("/admin/license/sessions").await.expect(200);
    let sessions = answer.at("/data");
    sessions.as_array().unwrap().iter().map(|row| row["session"].as_str().unwrap().to_owned()).collect()
}
