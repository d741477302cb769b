//! The count is the same on every instance, and after a crash.

use super::{close, counted, install, issuer, limited, open, write};
use crate::support::TestApp;
use crate::support::database::new_postgres;
use crate::support::program::Program;
use crate::support::upstream::Echo;
use serde_json::json;

#[tokio::test]
async fn three_instances_count_together() {
    let (url, folder) = (new_postgres(), tempfile::tempdir().unwrap());
    let mut apps = Vec::new();
    for _ in 0..3 {
        let app = TestApp::with(|config| {
            config.database_url.clone_from(&url);
            install(config, folder.path(), &limited(4));
        });
        apps.push(app.await);
    }
    let key = apps[0].key(&["*"]).await;
    let asked: Vec<_> = (0..18)
        .map(|number| {
            let holder = apps[number % 3].holder(&key);
            tokio::spawn(async move { open(&holder, &format!("s{number}"), "").await.status })
        })
        .collect();
    let mut statuses = Vec::new();
    for answer in asked {
        statuses.push(answer.await.unwrap());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 4, "{statuses:?}");
    let names = counted(&apps[1]).await;
    close(&apps[2].holder(&key), &names[0], "").await.expect(200);
    open(&apps[1].holder(&key), "another", "").await.expect(200);
    open(&apps[0].holder(&key), "one more", "").await.expect(400);
    open(&apps[0].holder(&key), "one.more", "").await.refused(403, "session limit reached: 4");
}

#[tokio::test]
async fn a_killed_process_forgets_no_session() {
    let (folder, upstream) = (tempfile::tempdir().unwrap(), Echo::start().await);
    let (file, key) = (write(folder.path(), &limited(1)), issuer().public().to_string());
    let url = format!("http://{}", upstream.address);
    let environment = [
        ("TITAN_UPSTREAM", url.as_str()),
        ("TITAN_POLICY", "whatsapp"),
        ("TITAN_LICENSE_FILE", file.to_str().unwrap()),
        ("TITAN_LICENSE_PUBLIC_KEY", &key),
    ];
    let mut program = Program::start(folder.path(), &environment).await;
    let body = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["*"] });
    let key = program.master().post("/admin/keys", body).await.expect(201).text_at("/data/key");
    open(&program.role(&key), "a", "").await.expect(200);
    program.kill();
    let program = Program::start(folder.path(), &environment).await;
    open(&program.role(&key), "b", "").await.refused(403, "session limit reached: 1");
    close(&program.role(&key), "a", "").await.expect(200);
    open(&program.role(&key), "b", "").await.expect(200);
}
