//! What a kill loses, and what an orderly stop does not.

use super::{USAGE, sum, until};
use crate::support::app::MadeKey;
use crate::support::program::Program;
use serde_json::json;

async fn verify(program: &Program, key: &MadeKey, times: u64) {
    for _ in 0..times {
        program.master().post("/auth/verify", json!({ "key": key.text })).await.expect(200);
    }
}

async fn make_key(program: &Program) -> MadeKey {
    let body = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["tasks:read"] });
    MadeKey::of(&program.master().post("/admin/keys", body).await.expect(201))
}

#[tokio::test]
async fn a_kill_loses_one_flush_at_most_and_a_stop_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path(), &[]).await;
    let key = make_key(&program).await;
    verify(&program, &key, 7).await;
    until(&program.master(), USAGE, 7).await;
    verify(&program, &key, 5).await;
    program.kill();

    let mut program = Program::start(folder.path(), &[]).await;
    let after_kill = sum(&program.master().get(USAGE).await.expect(200), "requests");
    // A flush may have come in between.
    assert!((7..=12).contains(&after_kill), "{after_kill}");
    verify(&program, &key, 3).await;
    program.signal("TERM");
    program.wait();

    let program = Program::start(folder.path(), &[]).await;
    assert_eq!(sum(&program.master().get(USAGE).await.expect(200), "requests"), after_kill + 3);
}
