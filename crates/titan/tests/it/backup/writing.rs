//! A backup while Titan writes.

use super::{FILE, Site, make, stop};
use crate::support::program::Program;
use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

/// All keys that are not revoked.
async fn listed(program: &Program) -> HashSet<String> {
    let list = program.master().get("/admin/keys?limit=1000").await.expect(200);
    list.at("/data").as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_backup_beside_a_writer_has_all_that_was_acknowledged_before_it() {
    let site = Site::new();
    let mut program = site.start().await;
    let (mut living, mut revoked) = (HashSet::new(), HashSet::new());
    for _ in 0..60 {
        let (key, other) = (make(&program, 1).await, make(&program, 1).await);
        program.master().delete(&format!("/admin/keys/{}", other.id)).await.expect(204);
        living.insert(key.id);
        revoked.insert(other.id);
    }
    let folder = site.folder().to_owned();
    let environment = crate::support::database::environment(&folder);
    let mut command = crate::support::program::titan(&folder, &["backup", FILE]);
    let mut backup = command.envs(environment).stdout(Stdio::null()).spawn().unwrap();
    let mut later = 0;
    while backup.try_wait().unwrap().is_none() {
        let key = make(&program, 1).await;
        program.master().delete(&format!("/admin/keys/{}", key.id)).await.expect(204);
        later += 1;
    }
    assert!(backup.wait().unwrap().success() && later > 0, "{later}");
    assert_eq!(site.file().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    stop(&mut program);
    site.restore();
    let program = site.start().await;
    let restored = listed(&program).await;
    assert!(living.is_subset(&restored), "{}", living.difference(&restored).count());
    assert!(revoked.is_disjoint(&restored));
    // A search goes by the index of terms.
    let found = program.master().get("/admin/keys?limit=1000&label=tes").await.expect(200);
    assert_eq!(found.at("/data").as_array().unwrap().len(), restored.len());
}
