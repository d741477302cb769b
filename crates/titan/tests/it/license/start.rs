//! A license that does not hold here: the server does not start, and says why.

use super::{issuer, license, write};
use crate::instances::until;
use crate::support::app::MASTER_KEY;
use crate::support::database;
use crate::support::program::{Program, free_port, run, stderr, titan};
use serde_json::json;
use std::fs::{File, read_to_string, write as write_file};
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

fn refused(folder: &Path, license: &str, more: &[(&str, &str)]) -> String {
    let (file, key) = (write(folder, license), issuer().public().to_string());
    let own = [
        ("MASTER_KEY", MASTER_KEY),
        ("TITAN_LICENSE_FILE", file.to_str().unwrap()),
        ("TITAN_LICENSE_PUBLIC_KEY", &key),
    ];
    // The last value of a variable counts.
    let output = run(folder, &["serve"], &[&own[..], more].concat());
    assert!(!output.status.success());
    stderr(&output)
}

#[test]
fn each_reason_is_named_with_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let on = |platform: &str| license(|claims| claims["platform"] = platform.into());
    let docker = [("TITAN_PLATFORM", "docker,aws")];
    let error = refused(folder, &on("kubernetes"), &docker);
    assert!(error.contains("is for the platform kubernetes, but this is docker, aws"), "{error}");
    assert!(error.contains(folder.join("license").to_str().unwrap()), "{error}");

    let bound = license(|claims| claims["awsAccountId"] = "123456789012".into());
    assert!(refused(folder, &bound, &[]).contains("set TITAN_AWS_ACCOUNT_ID to yours"));
    let other = refused(folder, &bound, &[("TITAN_AWS_ACCOUNT_ID", "210987654321")]);
    assert!(other.contains("TITAN_AWS_ACCOUNT_ID is 210987654321"), "{other}");
    assert!(refused(folder, &bound, &[("TITAN_AWS_ACCOUNT_ID", "12")]).contains("must have 12 digits"));

    let good = license(|_| {});
    let stranger = [("TITAN_LICENSE_PUBLIC_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")];
    assert!(refused(folder, &good, &stranger).contains("is not signed with the key of license_public_key"));
    assert!(refused(folder, &good, &[("TITAN_LICENSE_PUBLIC_KEY", "x")]).contains("must be 43 characters"));
    assert!(refused(folder, &good, &[("TITAN_PLATFORM", "mars")]).contains("`mars` must be aws"));
    assert!(refused(folder, &good, &[("TITAN_LICENSE_FILE", "/nowhere")]).contains("license_file: /nowhere"));
    assert!(refused(folder, &good, &[("TITAN_LICENSE_PUBLIC_KEY", "")]).contains("needs license_public_key"));
    assert!(refused(folder, "nonsense", &[]).contains("is no license: unknown prefix"));
    let unknown = license(|claims| claims["seats"] = 5.into());
    assert!(refused(folder, &unknown, &[]).contains("unknown field `seats`"));
}

#[tokio::test]
async fn sighup_reads_it_again_and_a_broken_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let limit = |limit: u32| license(|claims| claims["sessionLimit"] = limit.into());
    let (file, key) = (write(folder, &limit(1)), issuer().public().to_string());
    let (address, log) = (free_port(), folder.join("log"));
    let mut command = titan(folder, &["serve"]);
    command.env("MASTER_KEY", MASTER_KEY).env("TITAN_LISTEN", address.to_string()).env("TITAN_LOG", "error");
    command.env("TITAN_LICENSE_FILE", &file).env("TITAN_LICENSE_PUBLIC_KEY", key);
    command.envs(database::environment(folder)).stderr(File::create(&log).unwrap());
    let mut program = Program::of(command.spawn().unwrap(), address);
    program.wait_until_ready().await;
    let shown = async || program.master().get("/admin/license").await.expect(200).at("/data/sessionLimit");
    assert_eq!(shown().await, json!(1));
    write_file(&file, limit(2)).unwrap();
    program.signal("HUP");
    until("the new limit", PATIENCE, async || shown().await == json!(2)).await;
    write_file(&file, "broken").unwrap();
    program.signal("HUP");
    let is_told = |log: &str| log.contains("the old one stays in force") && log.contains("is no license");
    until("an error", PATIENCE, async || is_told(&read_to_string(&log).unwrap())).await;
    assert_eq!(shown().await, json!(2));
}
