//! The migrations, which are in the program as text.
//!
//! Listed by hand: the macro that would list them builds SQLite and sqlx a second time, for the compiler.

use crate::migration;
use sqlx::migrate::Migrator;

/// The version of each, what it is about, and its text. Numbers that are missing belong to the other engine.
const MIGRATIONS: [(i64, &str, &str); 21] = [
    (1, "keys", include_str!("../../migrations/sqlite/0001_keys.sql")),
    (2, "revisions", include_str!("../../migrations/sqlite/0002_revisions.sql")),
    (3, "answers", include_str!("../../migrations/sqlite/0003_answers.sql")),
    (4, "audit", include_str!("../../migrations/sqlite/0004_audit.sql")),
    (5, "status", include_str!("../../migrations/sqlite/0005_status.sql")),
    (6, "key_lists", include_str!("../../migrations/sqlite/0006_key_lists.sql")),
    (8, "moves", include_str!("../../migrations/sqlite/0008_moves.sql")),
    (9, "sweeping", include_str!("../../migrations/sqlite/0009_sweeping.sql")),
    (10, "people", include_str!("../../migrations/sqlite/0010_people.sql")),
    (11, "sessions", include_str!("../../migrations/sqlite/0011_sessions.sql")),
    (12, "attempts", include_str!("../../migrations/sqlite/0012_attempts.sql")),
    (13, "owned_keys", include_str!("../../migrations/sqlite/0013_owned_keys.sql")),
    (14, "second_factors", include_str!("../../migrations/sqlite/0014_second_factors.sql")),
    (15, "invitations", include_str!("../../migrations/sqlite/0015_invitations.sql")),
    (16, "opaque_keys", include_str!("../../migrations/sqlite/0016_opaque_keys.sql")),
    (17, "audit_lists", include_str!("../../migrations/sqlite/0017_audit_lists.sql")),
    (18, "limits", include_str!("../../migrations/sqlite/0018_limits.sql")),
    (19, "live_sessions", include_str!("../../migrations/sqlite/0019_live_sessions.sql")),
    (20, "imported_keys", include_str!("../../migrations/sqlite/0020_imported_keys.sql")),
    (21, "seal", include_str!("../../migrations/sqlite/0021_seal.sql")),
    (23, "usage", include_str!("../../migrations/sqlite/0023_usage.sql")),
];

pub(crate) fn migrator() -> Migrator {
    migration::migrator(MIGRATIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database remembers version and checksum of each migration: both must be those of the file.
    #[test]
    fn each_file_is_listed_in_its_place_and_has_its_checksum() {
        let listed = migration::checksums(&migrator());
        assert_eq!(listed, include_str!("../../migrations/sqlite.sha384"));
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite");
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), MIGRATIONS.len(), "a file is not listed");
    }
}
