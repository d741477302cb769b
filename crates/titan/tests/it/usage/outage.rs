//! The database cannot be written for a while.

use super::{SESSIONS, USAGE, by_label, counted, repeat, sum};
use crate::support::TestApp;
use crate::support::database::tamper_url;
use std::time::Duration;

/// A flush that fails waits, and what is counted meanwhile waits too. Then all of it is added, once.
#[tokio::test]
async fn what_is_counted_while_the_database_cannot_be_written_is_added_later_and_once() {
    let app = TestApp::start().await;
    let key = app.key(&["sessions:read"]).await;
    let holder = app.holder(&key);
    repeat(&holder, SESSIONS, 3).await;
    counted(&app, USAGE, 3).await;
    tamper_url(&app.database_url, "ALTER TABLE usage_flush RENAME TO away;");
    repeat(&holder, SESSIONS, 4).await;
    app.clock.advance(60);
    // Long enough for an attempt that fails, with the tables of the next one already in use.
    tokio::time::sleep(Duration::from_secs(2)).await;
    repeat(&holder, SESSIONS, 5).await;
    assert_eq!(sum(&app.master().get(USAGE).await.expect(200), "requests"), 3);
    for name in ["titan_usage_pieces_waiting", "titan_usage_flush_failures_total"] {
        assert!(metric(&app, name).await >= 1, "{name}");
    }
    tamper_url(&app.database_url, "ALTER TABLE away RENAME TO usage_flush;");
    let keys = counted(&app, &format!("{USAGE}?group=key"), 12).await;
    assert_eq!(by_label(&keys, "allowed"), [(key.id.clone(), 12)]);
    assert_eq!(metric(&app, "titan_usage_pieces_waiting").await, 0);
}

async fn metric(app: &TestApp, name: &str) -> u64 {
    let page = app.master().get("/metrics").await.expect(200).text;
    let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("{name}: {page}")).parse().unwrap()
}
