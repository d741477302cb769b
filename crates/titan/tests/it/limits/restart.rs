//! What was let through counts after a crash, on both databases.

use super::{SESSIONS, set};
use crate::support::program::Program;
use crate::support::upstream::Echo;
use serde_json::json;

#[tokio::test]
async fn a_killed_process_forgets_nothing_of_the_window() {
    let (folder, upstream) = (tempfile::tempdir().unwrap(), Echo::start().await);
    let url = format!("http://{}", upstream.address);
    let environment = [("TITAN_UPSTREAM", url.as_str()), ("TITAN_POLICY", "whatsapp")];
    let mut program = Program::start(folder.path(), &environment).await;
    set(&program.master(), json!({ "rateLimit": 10 })).await;
    let body = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["*"] });
    let key = program.master().post("/admin/keys", body).await.expect(201).text_at("/data/key");
    for _ in 0..3 {
        let holder = program.role(&key);
        for _ in 0..4 {
            holder.get(SESSIONS).await;
        }
        program.kill();
        program = Program::start(folder.path(), &environment).await;
    }
    let holder = program.role(&key);
    for _ in 0..10 {
        holder.get(SESSIONS).await;
    }
    holder.get(SESSIONS).await.expect(429);
    let passed = upstream.take().len();
    // A process that is killed loses what it had borrowed and not spent.
    assert!((5..=10).contains(&passed), "{passed} of 10");
}
