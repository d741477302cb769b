//! `titan license …`

use super::{counted, licensed, limited, open};
use crate::support::app::MASTER_KEY;
use crate::support::program::{run, stderr};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

fn license(folder: &Path, arguments: &[&str]) -> Output {
    run(folder, &[&["license"], arguments].concat(), &[])
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn what_keygen_and_issue_make_inspect_reads() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let key = stdout(&license(folder, &["keygen", "issuer.pem"]));
    let key = key.trim().strip_prefix("TITAN_LICENSE_PUBLIC_KEY=").unwrap();
    let mode = std::fs::metadata(folder.join("issuer.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(stderr(&license(folder, &["keygen", "issuer.pem"])).contains("exists"), "never overwritten");

    let issue = ["issue", "--key", "issuer.pem", "--expires", "2099-01-01", "--session-limit", "100"];
    let bound = ["--platform", "aws", "--grace-days", "14", "--aws-account-id", "123456789012"];
    stdout(&license(folder, &[&issue[..], &bound, &["--out", "license"]].concat()));
    let again = license(folder, &[&issue[..], &bound, &["--out", "license"]].concat());
    assert!(stderr(&again).contains("exists"));
    let shown = stdout(&license(folder, &["inspect", "license", "--public-key", key]));
    for text in ["good", "valid", "100", "aws", "2099-01-01T00:00:00Z", "14 days", "123456789012"] {
        assert!(shown.contains(text), "{text} in {shown}");
    }
    let json = stdout(&license(folder, &["inspect", "license", "--public-key", key, "--json"]));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["claims"]["sessionLimit"], 100);
    assert!(stdout(&license(folder, &["inspect", "license"])).contains("not checked"));

    let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let bad = license(folder, &["inspect", "license", "--public-key", other]);
    assert!(!bad.status.success() && stderr(&bad).contains("the signature is bad"));
}

#[test]
fn issue_refuses_what_no_license_can_say() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    stdout(&license(folder, &["keygen", "issuer.pem"]));
    std::fs::write(folder.join("no.pem"), "nothing").unwrap();
    for (arguments, text) in [
        (["--key", "issuer.pem", "--expires", "2020-01-01"], "is past"),
        (["--key", "issuer.pem", "--expires", "soon"], "must be a day"),
        (["--key", "no.pem", "--expires", "2099-01-01"], "holds no private key"),
        (["--key", "none.pem", "--expires", "2099-01-01"], "none.pem"),
    ] {
        let output = license(folder, &[&["issue"], &arguments[..]].concat());
        assert!(!output.status.success() && stderr(&output).contains(text), "{}", stderr(&output));
    }
    let expires = ["issue", "--key", "issuer.pem", "--expires", "2099-01-01"];
    for more in [["--platform", "mars"], ["--aws-account-id", "12"], ["--session-limit", "-1"]] {
        assert!(!license(folder, &[&expires[..], &more].concat()).status.success(), "{more:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_titan_shows_its_license_and_releases_a_session() {
    let app = licensed(&limited(1)).await;
    let holder = super::holder(&app).await;
    open(&holder, "a", "").await.expect(200);
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://{}", app.address);
    let ask = |arguments: &[&str]| {
        let environment = [("TITAN_URL", url.as_str()), ("MASTER_KEY", MASTER_KEY)];
        stdout(&run(folder.path(), &[&["license"], arguments].concat(), &environment))
    };
    assert!(ask(&["show"]).contains("valid"));
    assert!(ask(&["sessions"]).contains("open"));
    assert!(ask(&["release", "a"]).contains("a is not counted any more."));
    assert!(ask(&["sessions"]).contains("No session is open."));
    assert!(counted(&app).await.is_empty());
}
