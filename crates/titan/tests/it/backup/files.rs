//! Files that are no backups, places that are taken, and a full disk.

use super::{FILE, Site, make, stop};
use crate::support::database::{SEAL_KEY, is_postgres};
use crate::support::program::{EMBEDDED, Program, run, stderr};
use std::fs;
use std::process::Command;

/// An installation with a backup, that is stopped.
async fn backed_up() -> Site {
    let site = Site::new();
    let mut program = site.start().await;
    for _ in 0..20 {
        make(&program, 1).await;
    }
    site.back_up();
    stop(&mut program);
    site
}

/// Restores a file into a new embedded database, and gives what it says.
fn refused(site: &Site, file: &str, environment: &[(&str, &str)]) -> String {
    let target = ("TITAN_DATABASE_URL", "sqlite://new/titan.db");
    let environment = [&[target, ("TITAN_SEAL_KEY_FILE", "seal")], environment].concat();
    let output = run(site.folder(), &["restore", file, "--yes"], &environment);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(!site.folder().join("new/titan.db").exists(), "{output:?}");
    stderr(&output)
}

fn keep_seal(site: &Site) {
    let text = fs::read_to_string(site.folder().join("titan-data/titan.db.seal-key"));
    fs::write(site.folder().join("seal"), text.unwrap_or_else(|_| SEAL_KEY.to_owned())).unwrap();
}

#[tokio::test]
async fn what_is_no_whole_backup_is_refused_and_named() {
    let site = backed_up().await;
    keep_seal(&site);
    let backup = fs::read(site.file()).unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(site.folder().join(name), bytes).unwrap();
    assert!(refused(&site, "none", &[]).contains("none: there is no such file"));
    put("empty", b"");
    assert!(refused(&site, "empty", &[]).contains("empty: this is not a backup of Titan"));
    put("text", &b"no database, but long enough for a header".repeat(200));
    assert!(refused(&site, "text", &[]).contains("text: this is not a backup of Titan"));
    for length in [backup.len() / 2, backup.len() - 4096, backup.len() - 1] {
        put("cut", &backup[..length]);
        let text = refused(&site, "cut", &[]);
        assert!(text.contains("cut: this file is damaged"), "{length}: {text}");
    }
    put("bent", &backup);
    let script = "import sqlite3; d = sqlite3.connect('bent'); d.execute(\"INSERT INTO _sqlx_migrations \
        VALUES (9999, 'x', 0, 1, x'00', 0)\"); d.commit()";
    let done = Command::new("python3").args(["-c", script]).current_dir(site.folder()).status().unwrap();
    assert!(done.success());
    assert!(refused(&site, "bent", &[]).contains("a newer Titan created or upgraded"));
}

#[tokio::test]
async fn a_wrong_or_missing_seal_key_is_refused_at_once() {
    let site = backed_up().await;
    fs::write(site.folder().join("seal"), "//////////////////////////////////////////8=").unwrap();
    let text = refused(&site, FILE, &[]);
    assert!(text.contains("the seal key does not belong to this database"), "{text}");
    fs::remove_file(site.folder().join("seal")).unwrap();
    let text = refused(&site, FILE, &[]);
    assert!(text.contains("restore needs the seal key") && text.contains("seal"), "{text}");
}

#[tokio::test]
async fn a_backup_replaces_no_file_and_a_restore_no_database() {
    let site = backed_up().await;
    let before = fs::read(site.file()).unwrap();
    let again = site.titan(&["backup", FILE]);
    assert!(stderr(&again).contains("this file exists, and a backup never replaces one"), "{again:?}");
    assert_eq!(fs::read(site.file()).unwrap(), before);

    let taken = site.titan(&["restore", FILE, "--yes"]);
    let text = if is_postgres() { "this database has data already" } else { "there is a database already" };
    assert!(!taken.status.success() && stderr(&taken).contains(text), "{taken:?}");
    let asked = site.titan(&["restore", FILE, "--replace"]);
    assert!(stderr(&asked).contains("--yes"), "{asked:?}");
    if is_postgres() {
        let replaced = site.titan(&["restore", FILE, "--yes", "--replace"]);
        assert!(stderr(&replaced).contains("is only for SQLite"), "{replaced:?}");
    }
    let mut program = site.start().await;
    let running = site.titan(&["restore", FILE, "--yes", "--replace"]);
    assert!(!running.status.success(), "{running:?}");
    let text = if is_postgres() { "only for SQLite" } else { "Titan runs on this database; stop it first" };
    assert!(stderr(&running).contains(text), "{running:?}");
    stop(&mut program);
    site.start().await;
}

#[tokio::test]
async fn what_there_is_no_database_of_is_not_backed_up() {
    let site = Site::new();
    let output = run(site.folder(), &["backup", FILE], &[EMBEDDED]);
    assert!(stderr(&output).contains("titan.db: there is no such file"), "{output:?}");
    let output =
        run(site.folder(), &["backup", FILE], &[(EMBEDDED.0, "postgres://titan:sekret@127.0.0.1:1/x")]);
    assert!(!output.status.success() && !stderr(&output).contains("sekret"), "{output:?}");
    assert_eq!(fs::read_dir(site.folder()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_backup_moves_to_the_other_engine() {
    let site = backed_up().await;
    keep_seal(&site);
    let target = if is_postgres() {
        "sqlite://new/titan.db".to_owned()
    } else {
        crate::support::database::new_postgres()
    };
    let environment = [("TITAN_DATABASE_URL", target.as_str()), ("TITAN_SEAL_KEY_FILE", "seal")];
    let output = run(site.folder(), &["restore", FILE, "--yes"], &environment);
    assert!(output.status.success(), "{output:?}");
    let program = Program::start(site.folder(), &environment).await;
    let list = program.master().get("/admin/keys?limit=1000").await.expect(200);
    assert_eq!(list.at("/data").as_array().unwrap().len(), 20);
}

/// A small file system of its own. It goes with the test.
struct Disk(std::path::PathBuf);

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_leaves_no_half_of_a_backup() {
    let site = backed_up().await;
    let disk = site.folder().join("disk");
    fs::create_dir(&disk).unwrap();
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=100k", "tmpfs"]).arg(&disk).output();
    if !mount.is_ok_and(|mount| mount.status.success()) {
        // Only root may mount.
        return;
    }
    let disk = Disk(disk);
    let output = site.titan(&["backup", "disk/b"]);
    assert!(!output.status.success() && stderr(&output).contains("full"), "{output:?}");
    assert_eq!(fs::read_dir(&disk.0).unwrap().count(), 0, "{output:?}");
}
