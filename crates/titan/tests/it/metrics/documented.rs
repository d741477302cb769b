//! docs/metrics.md has each metric, and the dashboard and the alerts use no other.

use super::Scrape;
use crate::support::TestApp;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn read(path: &str) -> String {
    let root: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// Words that are names of metrics, without the endings that a histogram gives its series.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let ours = words.filter(|word| word.starts_with("titan_") || word.starts_with("process_"));
    ours.map(family).collect()
}

fn family(name: &str) -> String {
    let ending = ["_bucket", "_sum", "_count"].iter().find_map(|ending| name.strip_suffix(ending));
    ending.unwrap_or(name).to_owned()
}

async fn page() -> String {
    let app = TestApp::start().await;
    app.master().get("/metrics").await.expect(200).text
}

/// The first cells of the tables.
fn documented() -> BTreeSet<String> {
    let text = read("docs/metrics.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    rows.filter(|name| name.starts_with("titan_") || name.starts_with("process_"))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn each_metric_has_a_row_and_each_row_a_metric() {
    let served: BTreeSet<_> =
        Scrape::parse(&page().await).series().iter().map(|s| family(s.split('{').next().unwrap())).collect();
    assert_eq!(documented(), served);
}

#[test]
fn the_dashboard_and_the_alerts_use_metrics_that_there_are() {
    let documented = documented();
    for path in
        ["deploy/grafana/titan.json", "deploy/prometheus/alerts.yaml", "deploy/prometheus/alerts_test.yaml"]
    {
        let used = names(&read(path));
        assert!(used.len() > 5, "{path}: {used:?}");
        let unknown: Vec<_> = used.difference(&documented).collect();
        assert!(unknown.is_empty(), "{path} uses {unknown:?}");
    }
}

/// A label or a value in a query that no metric has would make a panel that is always empty, or an alert that never fires.
#[tokio::test]
async fn the_dashboard_and_the_alerts_ask_for_labels_that_there_are() {
    let page = page().await;
    for path in ["deploy/grafana/titan.json", "deploy/prometheus/alerts.yaml"] {
        let text = read(path).replace("\\\"", "\"");
        for label in ["part", "code", "credential", "reason", "result", "limit", "source", "port"] {
            for value in values(&text, label) {
                assert!(page.contains(&format!("{label}=\"{value}\"")), "{path}: {label}={value}");
            }
        }
    }
}

/// The values that selectors name: `label="value"` and `label=~"one|other"`.
fn values(text: &str, label: &str) -> Vec<String> {
    let starts = ["{", ","].map(|before| format!("{before}{label}"));
    let parts = starts.iter().flat_map(|start| text.split(start.as_str()).skip(1));
    let quoted = parts
        .filter_map(|part| part.trim_start_matches(['=', '~', '!']).strip_prefix('"')?.split('"').next());
    quoted.flat_map(|value| value.split('|').map(str::to_owned)).collect()
}

/// What Prometheus itself says of the page: format, names, help, units.
#[tokio::test]
async fn promtool_finds_no_fault() {
    let page = page().await;
    let Ok(mut child) = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
    else {
        panic!("promtool is not installed: ci/tools nextest")
    };
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), page.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && said.trim().is_empty(), "{said}");
}
