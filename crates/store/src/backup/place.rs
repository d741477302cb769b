//! The place of an SQLite database: what stands there goes aside, and the restored one takes it.
//!
//! A process can be killed between any two steps. Before the restored file has its second name, the old database is as it
//! was. From then on, nothing starts on the place until a restore has come to its end (`sqlite::lock`). That restore puts
//! what is left of the old database beside the log that went before it.

use super::BackupError;
use super::file::{Draft, folder_of, io_of, rename};
use crate::sqlite::{RESTORED, real, take};
use crate::with_suffix;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use titan_core::time::Timestamp;

/// The place, taken for this process.
pub(super) struct Place {
    path: PathBuf,
    /// Titan does not start on this database meanwhile.
    _lock: File,
}

impl Place {
    pub(super) fn take(path: &Path, backup: &Path, replace: bool) -> Result<Self, BackupError> {
        let path = real(path)?;
        if backup.canonicalize().is_ok_and(|backup| backup == path) {
            return Err(BackupError::Same(path));
        }
        let lock = take(&path)?;
        if path.exists() && !replace {
            return Err(BackupError::TargetExists(path));
        }
        Ok(Self { path, _lock: lock })
    }

    /// A file for the copy, on the same file system.
    pub(super) fn draft(&self) -> Result<Draft, BackupError> {
        Draft::create(with_suffix(&self.path, ".restoring"))
    }

    /// Puts the restored database there. Returns where the old one is now, if there was one.
    pub(super) fn put(&self, draft: Draft, now: Timestamp) -> Result<Option<PathBuf>, BackupError> {
        let kept = self.kept(now)?;
        let had_one = self.path.exists();
        let moves = self.moves(&kept);
        draft.rename(&self.ready())?;
        for (from, to) in moves {
            rename(&from, &to)?;
        }
        Ok(had_one.then_some(kept))
    }

    /// The name of the restored database until it is in its place.
    fn ready(&self) -> PathBuf {
        with_suffix(&self.path, RESTORED)
    }

    /// Where the old database goes: where a restore that was interrupted has put its log already.
    fn kept(&self, now: Timestamp) -> Result<PathBuf, BackupError> {
        let has_lost_its_log =
            self.ready().exists() && self.path.exists() && !with_suffix(&self.path, "-wal").exists();
        let begun = if has_lost_its_log { self.begun()? } else { None };
        Ok(self.aside(begun.unwrap_or(now.ms())))
    }

    fn aside(&self, ms: i64) -> PathBuf {
        with_suffix(&self.path, &format!(".before-{ms}"))
    }

    /// The time of the restore that has put aside the log, and not the database.
    fn begun(&self) -> Result<Option<i64>, BackupError> {
        let folder = folder_of(&self.path);
        let files: io::Result<Vec<_>> = fs::read_dir(folder).and_then(Iterator::collect);
        let times =
            files.map_err(io_of(folder))?.into_iter().filter_map(|file| self.time_in(&file.file_name()));
        Ok(times.filter(|time| !self.aside(*time).exists()).max())
    }

    /// The time in the name of a log that went aside.
    fn time_in(&self, name: &OsStr) -> Option<i64> {
        let before = with_suffix(&self.path, ".before-");
        let time = name.as_bytes().strip_prefix(before.file_name()?.as_bytes())?.strip_suffix(b"-wal")?;
        str::from_utf8(time).ok()?.parse().ok()
    }

    /// The renames, in their order. The log first: SQLite would apply it to whatever database is there.
    fn moves(&self, kept: &Path) -> Vec<(PathBuf, PathBuf)> {
        // A log without its database must not be taken for that of another one.
        let kept = if self.path.exists() { kept.to_owned() } else { with_suffix(kept, ".alone") };
        let pairs = ["-wal", "-shm", ""].map(|end| (with_suffix(&self.path, end), with_suffix(&kept, end)));
        let there = pairs.into_iter().filter(|(from, _)| from.exists());
        there.chain([(self.ready(), self.path.clone())]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    const PARTS: [&str; 3] = ["", "-wal", "-shm"];

    /// A database with these files, each of which says what it is.
    fn database(parts: &[&str]) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("titan.db");
        for part in parts {
            fs::write(with_suffix(&path, part), format!("old{part}")).unwrap();
        }
        (folder, path)
    }

    fn place(path: &Path) -> Place {
        Place::take(path, Path::new("no such backup"), true).unwrap()
    }

    fn draft(place: &Place) -> Draft {
        let draft = place.draft().unwrap();
        fs::write(draft.path(), "restored").unwrap();
        draft
    }

    /// Does what [`Place::put`] does, up to this number of renames. Whether there are more.
    fn put_and_die(path: &Path, now: i64, renames: usize) -> bool {
        let place = place(path);
        let kept = place.kept(Timestamp::from_ms(now)).unwrap();
        let moves = place.moves(&kept);
        draft(&place).rename(&place.ready()).unwrap();
        for (from, to) in moves.iter().take(renames) {
            rename(from, to).unwrap();
        }
        renames < moves.len()
    }

    fn put(path: &Path, now: i64) -> Option<PathBuf> {
        let place = place(path);
        let draft = draft(&place);
        place.put(draft, Timestamp::from_ms(now)).unwrap()
    }

    fn read(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    /// The names of the databases that went aside.
    fn kept(folder: &TempDir) -> Vec<PathBuf> {
        let files = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
        let is_kept = |path: &PathBuf| path.extension().unwrap().to_str().unwrap().starts_with("before-");
        files.filter(is_kept).collect()
    }

    /// That the old database is somewhere, with these files and no other, and the restored one in its place.
    fn assert_is_whole(folder: &TempDir, path: &Path, parts: &[&str]) {
        assert_eq!(read(path), "restored");
        assert!(!with_suffix(path, "-wal").exists() && !with_suffix(path, RESTORED).exists());
        let files = kept(folder);
        assert_eq!(files.len(), parts.len(), "{files:?}");
        let whole = files.iter().find(|file| read(file) == "old").unwrap();
        for part in parts {
            assert_eq!(read(&with_suffix(whole, part)), format!("old{part}"));
        }
    }

    #[test]
    fn the_old_database_keeps_its_log_wherever_restores_are_killed() {
        for parts in [&PARTS[..], &PARTS[..2], &PARTS[..1]] {
            for (first, second) in (0..5).flat_map(|first| (0..5).map(move |second| (first, second))) {
                let (folder, path) = database(parts);
                let is_killed = put_and_die(&path, 1, first);
                // One more restore after one that came to its end would put the restored database aside.
                if is_killed && put_and_die(&path, 2, second) {
                    put(&path, 3);
                }
                assert_is_whole(&folder, &path, parts);
            }
        }
    }

    #[test]
    fn where_the_old_database_went_is_told() {
        let (_folder, path) = database(&PARTS);
        put_and_die(&path, 1, 1);
        assert_eq!(put(&path, 2), Some(with_suffix(&path, ".before-1")));
        assert_eq!(put(&path, 3), Some(with_suffix(&path, ".before-3")));
    }

    #[test]
    fn a_log_without_a_database_is_not_taken_for_that_of_another() {
        let (_folder, path) = database(&["-wal"]);
        assert_eq!(put(&path, 1), None);
        assert_eq!(read(&with_suffix(&path, ".before-1.alone-wal")), "old-wal");
        put_and_die(&path, 2, 0);
        assert_eq!(put(&path, 3), Some(with_suffix(&path, ".before-3")));
        assert!(!with_suffix(&path, ".before-3-wal").exists());
    }

    /// Another program has opened the rest of a database meanwhile, and made a log.
    #[test]
    fn no_log_is_overwritten() {
        let (_folder, path) = database(&PARTS);
        put_and_die(&path, 1, 1);
        fs::write(with_suffix(&path, "-wal"), "foreign").unwrap();
        assert_eq!(put(&path, 2), Some(with_suffix(&path, ".before-2")));
        assert_eq!(read(&with_suffix(&path, ".before-1-wal")), "old-wal");
        assert_eq!(read(&with_suffix(&path, ".before-2-wal")), "foreign");
    }
}
