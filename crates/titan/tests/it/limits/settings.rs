//! `/admin/settings` and `/admin/debug`.

use super::set;
use crate::support::app::MASTER_KEY;
use crate::support::program::{Program, free_port, titan};
use crate::support::{Role, TestApp, database};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// The first values of a deployment that says nothing of them.
fn first(app: &mut titan::config::Config) {
    let usual = titan::config::Config::default();
    (app.rate_limit, app.msg_rate_limit) = (usual.rate_limit, usual.msg_rate_limit);
}

#[tokio::test]
async fn the_printed_requests_have_the_printed_answers() {
    let app = TestApp::with(first).await;
    let printed =
        json!({ "data": { "rateLimit": 100, "msgRateLimit": 50, "debugMode": false, "logLevel": "info" } });
    assert_eq!(app.master().get("/admin/settings").await.expect(200).json(), printed);
    let update = json!({ "rateLimit": 200, "msgRateLimit": 100, "debugMode": false, "logLevel": "warn" });
    let answer = set(&app.master(), update.clone()).await;
    assert_eq!(answer.json(), json!({ "data": update }));
    assert_eq!(app.master().get("/admin/settings").await.json(), json!({ "data": update }));
    let debug = app.master().post("/admin/debug", json!({ "enabled": true })).await.expect(200);
    assert_eq!(debug.json(), json!({ "data": { "debugMode": true } }));
    assert!(debug.header("titan-revocation").starts_with("rev="), "{debug:?}");
    let stored = app.master().get("/admin/settings").await.json();
    assert_eq!(stored, json!({ "data": update }), "it is not stored");
}

#[tokio::test]
async fn what_is_not_named_stays_and_what_is_wrong_changes_nothing() {
    let app = TestApp::with(first).await;
    set(&app.master(), json!({ "msgRateLimit": 7 })).await;
    let put = async |body| app.master().send("PUT", "/admin/settings", Some(body)).await.expect(400);
    let text = "body: must change rateLimit, msgRateLimit, debugMode or logLevel";
    put(json!({})).await.refused(400, text);
    put(json!({ "logLevel": "loud" })).await.refused(400, "logLevel: must be debug, info, warn or error");
    put(json!({ "rateLimit": 5, "rate": 1 })).await;
    put(json!({ "rateLimit": null, "debugMode": "yes" })).await;
    app.master().post("/admin/debug", json!({})).await.refused(400, "missing required field: enabled");
    app.master().post("/admin/debug", json!({ "enabled": 1 })).await.expect(400);
    let settings = app.master().get("/admin/settings").await;
    assert_eq!((settings.at("/data/rateLimit"), settings.at("/data/msgRateLimit")), (json!(100), json!(7)));
}

#[tokio::test]
async fn changes_are_in_the_audit_log() {
    let app = TestApp::start().await;
    set(&app.master(), json!({ "rateLimit": 5 })).await;
    app.master().post("/admin/debug", json!({ "enabled": true })).await.expect(200);
    let log = app.master().get("/admin/audit?limit=3").await.expect(200);
    assert_eq!(log.at("/data/0/action"), "debug.set");
    assert_eq!(log.at("/data/1/action"), "settings.update");
    assert_eq!(log.at("/data/1/detail/before/rateLimit"), 0);
    assert_eq!(log.at("/data/1/detail/after/rateLimit"), 5);
    assert_eq!(log.at("/data/2/action"), "settings.create");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_shows_and_changes_them() {
    let (app, folder) = (TestApp::with(first).await, tempfile::tempdir().unwrap());
    let settings = |arguments: &[&str]| {
        let mut command = titan(folder.path(), &["settings"]);
        command.args(arguments).env("MASTER_KEY", MASTER_KEY);
        command.env("TITAN_URL", format!("http://{}", app.address));
        let output = tokio::task::block_in_place(|| command.output().unwrap());
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let shown = "requests    100 a minute\nmessages    50 a minute\ndebug mode  no\nlog level   info\n";
    assert_eq!(settings(&["get"]), (true, shown.to_owned()));
    let (is_done, text) = settings(&["set", "--rate-limit", "0", "--log-level", "warn"]);
    assert!(is_done && text.starts_with("requests    none\nmessages    50 a minute\n"), "{text}");
    assert!(text.contains("log level   warn\n"), "{text}");
    let (_, json) = settings(&["get", "--json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["rateLimit"], 0);
    assert!(settings(&["debug", "on"]).1.starts_with("debug mode of the instances that run: yes\n"));
    assert!(!settings(&["set"]).0 && !settings(&["set", "--log-level", "loud"]).0);
}

/// A running program whose log is in a file.
struct Logging {
    program: Program,
    file: PathBuf,
}

impl Logging {
    async fn start(folder: &Path, name: &str, environment: &[(&str, String)]) -> Self {
        let (address, file) = (free_port(), folder.join(name));
        let mut command = titan(folder, &["serve"]);
        command.env("MASTER_KEY", MASTER_KEY).env("TITAN_LISTEN", address.to_string());
        command.env("TITAN_LOG", "info").envs(environment.iter().map(|(name, value)| (*name, value)));
        command.stdout(std::process::Stdio::null()).stderr(fs::File::create(&file).unwrap());
        let mut program = Program::of(command.spawn().unwrap(), address);
        program.wait_until_ready().await;
        Self { program, file }
    }

    fn master(&self) -> Role {
        self.program.master()
    }

    /// What it logs of one probe, which is logged at debug.
    async fn logs_probes(&self) -> bool {
        let before = fs::read_to_string(&self.file).unwrap().len();
        self.master().get("/health/live").await.expect(200);
        fs::read_to_string(&self.file).unwrap()[before..].contains("/health/live")
    }

    async fn logs_requests(&self) -> bool {
        let before = fs::read_to_string(&self.file).unwrap().len();
        self.master().get("/admin/settings").await.expect(200);
        fs::read_to_string(&self.file).unwrap()[before..].contains("/admin/settings")
    }
}

#[tokio::test]
async fn the_level_of_the_log_changes_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let environment = database::environment(folder.path());
    let logging = Logging::start(folder.path(), "err", &environment).await;
    let master = logging.master();
    assert!(logging.logs_requests().await && !logging.logs_probes().await);
    set(&master, json!({ "logLevel": "warn" })).await;
    assert!(!logging.logs_requests().await);
    set(&master, json!({ "logLevel": "debug" })).await;
    assert!(logging.logs_probes().await);
    set(&master, json!({ "logLevel": "info" })).await;
    assert!(!logging.logs_probes().await);
    set(&master, json!({ "debugMode": true })).await;
    assert!(logging.logs_probes().await);
    master.post("/admin/debug", json!({ "enabled": false })).await.expect(200);
    assert!(!logging.logs_probes().await, "the override is newer");
    set(&master, json!({ "rateLimit": 0 })).await;
    assert!(!logging.logs_probes().await, "it has nothing to do with this setting");
    set(&master, json!({ "debugMode": true })).await;
    assert!(logging.logs_probes().await, "the setting is newer");
}

#[tokio::test]
async fn an_override_ends_with_the_process_and_a_setting_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let environment = database::environment(folder.path());
    let mut logging = Logging::start(folder.path(), "first", &environment).await;
    logging.master().post("/admin/debug", json!({ "enabled": true })).await.expect(200);
    assert!(logging.logs_probes().await);
    logging.program.kill();
    let mut logging = Logging::start(folder.path(), "second", &environment).await;
    assert!(!logging.logs_probes().await);
    set(&logging.master(), json!({ "debugMode": true })).await;
    logging.program.kill();
    let logging = Logging::start(folder.path(), "third", &environment).await;
    assert!(logging.logs_probes().await);
}

/// The copy is of a time at which the log was in debug mode.
#[tokio::test]
async fn a_copy_of_the_database_brings_no_override_back() {
    let (folder, url) = (tempfile::tempdir().unwrap(), database::new_postgres());
    let environment =
        [("TITAN_DATABASE_URL", url.clone()), ("TITAN_SEAL_KEY", database::SEAL_KEY.to_owned())];
    let logging = Logging::start(folder.path(), "err", &environment).await;
    let debug = async |is_on: bool| logging.master().post("/admin/debug", json!({ "enabled": is_on })).await;
    debug(true).await.expect(200);
    database::psql(&url, "CREATE TABLE copied AS TABLE change");
    debug(false).await.expect(200);
    let head = (2_u64 << 40).to_string();
    database::psql(
        &url,
        &format!(
            "BEGIN; DELETE FROM change; INSERT INTO change SELECT * FROM copied; \
             UPDATE revision_head SET revision = {head}; COMMIT"
        ),
    );
    let began = Instant::now();
    while database::psql(&url, "SELECT applied FROM instance") != head {
        assert!(began.elapsed() < PATIENCE, "the copy is not noticed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!logging.logs_probes().await);
    debug(true).await.expect(200);
    assert!(logging.logs_probes().await, "an override of now is in force");
}

#[tokio::test]
async fn debug_mode_is_on_on_every_instance_when_it_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let environment =
        [("TITAN_DATABASE_URL", database::new_postgres()), ("TITAN_SEAL_KEY", database::SEAL_KEY.to_owned())];
    let mut all = Vec::new();
    for name in ["one", "two", "three"] {
        all.push(Logging::start(folder.path(), name, &environment).await);
    }
    all[0].master().post("/admin/debug", json!({ "enabled": true })).await.expect(200);
    for logging in &all {
        assert!(logging.logs_probes().await);
    }
    all[2].master().post("/admin/debug", json!({ "enabled": false })).await.expect(200);
    for logging in &all {
        assert!(!logging.logs_probes().await);
    }
}
