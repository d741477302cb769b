//! `titan doctor`: each thing that is wrong is named, with what to do; nothing is changed.

use crate::support::app::MASTER_KEY;
use crate::support::database::environment;
use crate::support::program::{EMBEDDED, Program, free_port, run};
use crate::support::tls::Ca;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::SystemTime;

/// The exit code, and the findings as JSON.
fn doctor(folder: &Path, environment: &[(&str, &str)]) -> (Option<i32>, Vec<Value>) {
    let environment = [&[("MASTER_KEY", MASTER_KEY), ("TITAN_LISTEN", "127.0.0.1:0")], environment].concat();
    let output = run(folder, &["doctor", "--json"], &environment);
    let findings = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    (output.status.code(), findings)
}

/// Asserts that a check found this, and says what to do.
#[track_caller]
fn assert_found(findings: &(Option<i32>, Vec<Value>), state: &str, check: &str, what: &str) {
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let is_it = |finding: &&Value| {
        finding["state"] == json!(state)
            && text(finding, "check") == check
            && text(finding, "what").contains(what)
    };
    let found =
        findings.1.iter().find(is_it).unwrap_or_else(|| panic!("no {state} {check} {what}: {findings:#?}"));
    assert_eq!(text(found, "advice").is_empty(), state == "ok", "{found}");
    if state == "problem" {
        assert_eq!(findings.0, Some(1));
    }
}

/// Each file of a folder with its content, and when it was changed; but not what readers of SQLite share.
fn files(folder: &Path) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| !path.display().to_string().ends_with("-shm"))
        .map(|path| {
            let changed = path.metadata().unwrap().modified().unwrap();
            (path.display().to_string(), (fs::read(&path).unwrap(), changed))
        })
        .collect()
}

/// A folder with a database that is stopped.
async fn stopped() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path(), &[EMBEDDED]).await;
    program.signal("TERM");
    program.wait();
    folder
}

#[tokio::test]
async fn an_installation_that_is_well_has_no_problem_also_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &[]).await;
    let environment = environment(folder.path());
    let address = program.address.to_string();
    let mut environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    environment.push(("TITAN_LISTEN", &address));
    let findings = doctor(folder.path(), &environment);
    assert_eq!(findings.0, Some(0), "{findings:#?}");
    for (check, what) in [
        ("configuration", "good"),
        ("policies", "all can be read"),
        ("database", "the tables of this version"),
        ("seal key", "opens"),
        ("signing keys", "15 of 16"),
        ("clock", "not behind"),
        ("boot clock", "runs"),
        ("port", "Titan runs there, and is ready"),
    ] {
        assert_found(&findings, "ok", check, what);
    }
    let text =
        run(folder.path(), &["doctor"], &[&[("MASTER_KEY", MASTER_KEY)], environment.as_slice()].concat());
    assert!(String::from_utf8_lossy(&text.stdout).contains("ok       seal key"), "{text:?}");
}

#[tokio::test]
async fn nothing_is_changed() {
    let folder = stopped().await;
    let data = folder.path().join("titan-data");
    let before = files(&data);
    doctor(folder.path(), &[EMBEDDED]);
    assert!(before == files(&data));

    let empty = tempfile::tempdir().unwrap();
    let findings = doctor(empty.path(), &[EMBEDDED]);
    assert_eq!(findings.0, Some(0), "{findings:#?}");
    assert_found(&findings, "ok", "database", "the first start makes it");
    assert!(fs::read_dir(empty.path()).unwrap().next().is_none());
}

#[tokio::test]
async fn what_is_wrong_with_the_configuration_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let findings = doctor(folder.path(), &[EMBEDDED, ("TITAN_LISTEN", "nowhere")]);
    assert_found(&findings, "problem", "configuration", "listen: `nowhere`");
    let findings = doctor(folder.path(), &[("TITAN_DATABASE_URL", "mysql://x")]);
    assert_found(&findings, "problem", "configuration", "TITAN_DATABASE_URL");
    let upstream = [EMBEDDED, ("TITAN_UPSTREAM", "none"), ("TITAN_POLICY", "bad.toml")];
    fs::write(folder.path().join("bad.toml"), "name = \"bad\"\n[[route]]\npath = 3\n").unwrap();
    assert_found(&doctor(folder.path(), &upstream), "problem", "policies", "bad.toml");
}

#[tokio::test]
async fn what_is_wrong_with_the_database_is_found() {
    let folder = stopped().await;
    let data = folder.path().join("titan-data");
    let other = "//////////////////////////////////////////8=";
    let findings = doctor(folder.path(), &[EMBEDDED, ("TITAN_SEAL_KEY", other)]);
    assert_found(&findings, "problem", "seal key", "does not open");
    let seal = data.join("titan.db.seal-key");
    fs::set_permissions(&seal, fs::Permissions::from_mode(0o644)).unwrap();
    assert_found(&doctor(folder.path(), &[EMBEDDED]), "problem", "seal key", "chmod 600");
    fs::rename(&seal, data.join("away")).unwrap();
    assert_found(&doctor(folder.path(), &[EMBEDDED]), "problem", "seal key", "is missing");
    fs::rename(data.join("away"), &seal).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(data.join("titan.db"), fs::Permissions::from_mode(0o644)).unwrap();
    assert_found(&doctor(folder.path(), &[EMBEDDED]), "warning", "access", "other users can read");

    fs::write(data.join("titan.db"), "no database, but long enough for a header".repeat(200)).unwrap();
    let _ = fs::remove_file(data.join("titan.db-wal"));
    assert_found(&doctor(folder.path(), &[EMBEDDED]), "problem", "database", "not a database");
    let nobody = [("TITAN_DATABASE_URL", "postgres://titan:sekret@127.0.0.1:1/x"), ("TITAN_SEAL_KEY", other)];
    let findings = doctor(folder.path(), &nobody);
    assert_found(&findings, "problem", "database", "is the server running");
    assert!(!format!("{findings:?}").contains("sekret"));
}

#[tokio::test]
async fn what_is_wrong_with_the_network_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let upstream =
        |url: &str| doctor(folder.path(), &[EMBEDDED, ("TITAN_UPSTREAM", url), ("TITAN_POLICY", "whatsapp")]);
    let nobody = format!("http://{}", free_port());
    assert_found(&upstream(&nobody), "problem", "upstream", "refused");
    assert_found(&upstream("http://no-such-name.invalid"), "problem", "upstream", "no-such-name.invalid");
    assert_found(&upstream("unix:/no/such/socket"), "problem", "upstream", "No such file");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    assert_found(&upstream(&format!("http://{address}")), "ok", "upstream", "accepts connections");

    // It accepts, and says nothing.
    let foreign = std::thread::spawn(move || listener.incoming().take(2).for_each(drop));
    assert_found(
        &doctor(folder.path(), &[EMBEDDED, ("TITAN_LISTEN", &address)]),
        "problem",
        "port",
        &address,
    );
    drop(foreign);
    let elsewhere = doctor(folder.path(), &[EMBEDDED, ("TITAN_LISTEN", "192.0.2.1:80")]);
    assert_found(&elsewhere, "problem", "port", "192.0.2.1:80");
}

/// Titan as a TLS server, whose certificate is that of another name.
#[tokio::test]
async fn an_upstream_with_the_certificate_of_another_name_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let ca = Ca::new("ca");
    fs::write(folder.path().join("ca.pem"), &ca.pem).unwrap();
    ca.pair(&["elsewhere.example"]).write(folder.path(), "other");
    ca.pair(&["localhost"]).write(folder.path(), "right");
    for (name, state, what) in
        [("other", "problem", "not valid for name"), ("right", "ok", "accepts connections")]
    {
        let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
        let tls = [EMBEDDED, ("TITAN_TLS_CERT_FILE", &certificate), ("TITAN_TLS_KEY_FILE", &key)];
        let upstream = Program::spawn(folder.path(), &tls);
        while std::net::TcpStream::connect(upstream.address).is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let url = format!("https://localhost:{}", upstream.address.port());
        let asking = [
            ("TITAN_DATABASE_URL", "sqlite://none/titan.db"),
            ("TITAN_UPSTREAM", url.as_str()),
            ("TITAN_UPSTREAM_CA_FILE", "ca.pem"),
            ("TITAN_POLICY", "whatsapp"),
        ];
        assert_found(&doctor(folder.path(), &asking), state, "upstream", what);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let ca = Ca::new("ca");
    ca.pair(&["localhost"]).write(folder.path(), "one");
    ca.pair(&["localhost"]).write(folder.path(), "other");
    ca.expired_pair(&["localhost"]).write(folder.path(), "old");
    let with = |certificate: &str, key: &str| {
        doctor(folder.path(), &[EMBEDDED, ("TITAN_TLS_CERT_FILE", certificate), ("TITAN_TLS_KEY_FILE", key)])
    };
    assert_found(&with("one.pem", "one.key"), "ok", "certificate", "expires in");
    assert_found(
        &with("one.pem", "other.key"),
        "problem",
        "certificate",
        "is not the key of the certificate",
    );
    assert_found(&with("one.pem", "none.key"), "problem", "certificate", "none.key");
    assert_found(&with("old.pem", "old.key"), "problem", "certificate", "expired at 2001");
}
