//! An import is good everywhere when it is answered, and so is its end.

use super::{FOREIGN, LEGACY, SESSIONS, imported, row};
use crate::instances::Fleet;
use crate::support::program::Program;
use crate::support::upstream::Echo;
use serde_json::json;

#[tokio::test]
async fn three_instances_know_it_at_once_and_refuse_it_at_once() {
    let fleet = Fleet::start(3).await;
    let [first, second, third] = [&fleet.0[0], &fleet.0[1], &fleet.0[2]];
    for text in [LEGACY, FOREIGN] {
        let key = imported(first, text).await;
        for app in &fleet.0 {
            app.holder(&key).get(SESSIONS).await.expect(200);
        }
        let answer = second.master().delete(&format!("/admin/keys/{}", key.id)).await.expect(204);
        assert!(answer.header("titan-revocation").contains("applied=3"), "{answer:?}");
        for app in [first, second, third] {
            app.holder(&key).get(SESSIONS).await.refused(401, "api key revoked");
        }
    }
}

#[tokio::test]
async fn a_killed_process_forgets_none() {
    let (folder, upstream) = (tempfile::tempdir().unwrap(), Echo::start().await);
    let url = format!("http://{}", upstream.address);
    let environment = [("TITAN_UPSTREAM", url.as_str()), ("TITAN_POLICY", "whatsapp")];
    let mut program = Program::start(folder.path(), &environment).await;
    let keys = [row(LEGACY), row(FOREIGN)];
    let answer = program.master().post(super::PATH, json!({ "keys": keys })).await.expect(200);
    let path = format!("/admin/keys/{}", answer.text_at("/data/1/id"));
    program.master().delete(&path).await.expect(204);
    program.kill();
    let program = Program::start(folder.path(), &environment).await;
    program.role(LEGACY).get(SESSIONS).await.expect(200);
    program.role(FOREIGN).get(SESSIONS).await.refused(401, "api key revoked");
}

/// A clock that was set ahead ends the lease for a moment: the database is asked.
#[tokio::test]
async fn without_a_lease_the_database_decides_about_it() {
    let app = crate::support::TestApp::start().await;
    for text in [LEGACY, FOREIGN] {
        let key = imported(&app, text).await;
        for _ in 0..3 {
            app.clock.advance(3600);
            app.holder(&key).get(SESSIONS).await.expect(200);
        }
        app.master().delete(&format!("/admin/keys/{}", key.id)).await.expect(204);
        app.clock.advance(3600);
        app.holder(&key).get(SESSIONS).await.refused(401, "api key revoked");
    }
}

#[tokio::test]
async fn it_expires_and_no_clock_brings_it_back_into_force() {
    let app = crate::support::TestApp::start().await;
    let key = imported(&app, LEGACY).await;
    app.clock.advance(80 * 365 * 86_400);
    app.holder(&key).get(SESSIONS).await.refused(401, "api key expired");
}
