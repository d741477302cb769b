//! A restore that is killed leaves the old database, or nothing that starts. Embedded databases only: on PostgreSQL, an
//! unfinished restore is an unfinished move.

use super::{FILE, Site, code, make, stop};
use crate::support::app::{MASTER_KEY, MadeKey};
use crate::support::program::{EMBEDDED, Program, run, stderr, titan};
use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

fn restore(folder: &Path) -> Output {
    run(folder, &["restore", FILE, "--yes", "--replace"], &[EMBEDDED])
}

fn serve(folder: &Path) -> Output {
    run(folder, &["serve"], &[EMBEDDED, ("MASTER_KEY", MASTER_KEY), ("TITAN_LISTEN", "127.0.0.1:0")])
}

/// An installation with a backup in which this key is not revoked.
async fn with_revoked_key() -> (Site, MadeKey) {
    let site = Site::new();
    let mut program = Program::start(site.folder(), &[EMBEDDED]).await;
    let key = make(&program, 1).await;
    assert!(run(site.folder(), &["backup", FILE], &[EMBEDDED]).status.success());
    program.master().delete(&format!("/admin/keys/{}", key.id)).await.expect(204);
    stop(&mut program);
    (site, key)
}

async fn assert_is_refused(site: &Site, key: &MadeKey) {
    let mut program = Program::start(site.folder(), &[EMBEDDED]).await;
    assert_eq!(code(&program, &key.text).await, "REVOKED");
    stop(&mut program);
}

#[tokio::test]
async fn a_restore_that_is_killed_at_any_time_revives_nothing() {
    let (site, key) = with_revoked_key().await;
    for ms in (0..300).step_by(15) {
        let mut command = titan(site.folder(), &["restore", FILE, "--yes", "--replace"]);
        let mut child = command.env(EMBEDDED.0, EMBEDDED.1).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(ms)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        if site.folder().join("titan-data/titan.db.restored").exists() {
            let text = stderr(&serve(site.folder()));
            assert!(text.contains("a restore of this database was interrupted"), "{text}");
            let again = restore(site.folder());
            assert!(again.status.success(), "{again:?}");
        }
        assert_is_refused(&site, &key).await;
    }
}

/// Each state between the steps of `Place::put`.
#[tokio::test]
async fn between_the_steps_nothing_starts_and_the_next_restore_ends_it() {
    for moved in 0..3 {
        let (site, key) = with_revoked_key().await;
        let data = site.folder().join("titan-data");
        fs::write(data.join("titan.db.restored"), "whatever").unwrap();
        for companion in ["-wal", ""].iter().take(moved) {
            let old = data.join(format!("titan.db{companion}"));
            let _ = fs::rename(&old, data.join(format!("titan.db.before-1{companion}")));
        }
        let refused = serve(site.folder());
        let text = stderr(&refused);
        assert!(!refused.status.success() && text.contains("titan restore` again, with --replace"), "{text}");
        let text = stderr(&run(site.folder(), &["backup", "another"], &[EMBEDDED]));
        assert!(text.contains("titan restore` again, with --replace"), "{text}");
        assert!(!site.folder().join("another").exists());
        assert!(restore(site.folder()).status.success());
        assert!(!data.join("titan.db.restored").exists());
        assert_is_refused(&site, &key).await;
    }
}

#[tokio::test]
async fn the_old_database_is_kept_whole() {
    let (site, key) = with_revoked_key().await;
    let restored = restore(site.folder());
    let text = String::from_utf8_lossy(&restored.stdout).into_owned();
    let kept = text.lines().find_map(|line| line.strip_prefix("The old database is ")).unwrap();
    let kept = kept.trim_end_matches('.');
    fs::copy(site.folder().join("titan-data/titan.db.seal-key"), format!("{kept}.seal-key")).unwrap();
    let url = format!("sqlite://{kept}");
    let program = Program::start(site.folder(), &[(EMBEDDED.0, &url)]).await;
    assert_eq!(code(&program, &key.text).await, "REVOKED");
    program.master().get(&format!("/admin/keys/{}", key.id)).await.expect(404);
}
