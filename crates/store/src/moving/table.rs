//! What moves: the tables, and the one form that their rows have in both engines.
//!
//! Not in the list: the instances that run and what they have flushed, the migrations, the budgets of limits, and the terms of keys,
//! which each engine has in a form of its own.

use Kind::{Bytes, Flag, Number, Text};

/// What a column holds. Engines store flags and small numbers differently; in a [`Value`] all are numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bytes,
    Flag,
    Number,
    Text,
}

/// A value in its common form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Bytes(Vec<u8>),
    Null,
    Number(i64),
    Text(String),
}

/// The values of a table's columns, in their order.
pub(super) type Row = Vec<Value>;
type Column = (&'static str, Kind);

/// A table that moves.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The primary key is at the front.
    pub(super) columns: &'static [Column],
    key_length: usize,
}

impl Table {
    pub(super) fn key(&self) -> &'static [Column] {
        self.columns.split_at(self.key_length).0
    }

    /// The primary key of a row.
    pub(super) fn key_of(&self, row: &[Value]) -> Row {
        row.iter().take(self.key_length).cloned().collect()
    }

    /// Whether it has one row, which a new database has too.
    pub(super) fn is_single(&self) -> bool {
        self.columns.first().is_some_and(|(name, _)| *name == "one")
    }

    /// A value of a row by the name of its column.
    pub(super) fn value<'r>(&self, row: &'r [Value], name: &str) -> &'r Value {
        let place = self.columns.iter().position(|(column, _)| *column == name);
        place.and_then(|place| row.get(place)).unwrap_or(&Value::Null)
    }
}

pub(super) const AUDIT: Table = Table {
    name: "audit",
    columns: &[
        ("sequence", Number),
        ("at", Number),
        ("actor", Text),
        ("action", Text),
        ("subject", Text),
        ("ip", Text),
        ("request_id", Text),
        ("detail", Text),
        ("hash", Bytes),
    ],
    key_length: 1,
};

pub(super) const KEY: Table = Table {
    name: "key",
    columns: &[
        ("id", Bytes),
        ("tenant", Number),
        ("prefix", Number),
        ("slot", Number),
        ("label", Text),
        ("scopes", Bytes),
        ("created_at", Number),
        ("expires_at", Number),
        ("is_active", Flag),
        ("revoked_at", Number),
        ("rotated_at", Number),
        ("retires_at", Number),
        ("created_by", Bytes),
        ("rotated_from", Bytes),
        ("last_used_at", Number),
        ("number", Number),
        ("is_owned", Flag),
        ("is_suspended", Flag),
        ("rate_limit", Number),
        ("limited_as", Bytes),
    ],
    key_length: 1,
};

/// In this order, a row comes after those that it refers to.
pub(super) const TABLES: [Table; 21] = [
    Table { name: "scope", columns: &[("bit", Number), ("name", Text)], key_length: 1 },
    Table {
        name: "tenant",
        columns: &[
            ("id", Number),
            ("name", Text),
            ("is_active", Flag),
            ("not_before", Number),
            ("created_at", Number),
        ],
        key_length: 1,
    },
    Table {
        name: "signing_key",
        columns: &[
            ("slot", Number),
            ("secret", Bytes),
            ("created_at", Number),
            ("retired_at", Number),
            ("not_before", Number),
        ],
        key_length: 1,
    },
    Table {
        name: "seal",
        columns: &[("id", Number), ("fingerprint", Bytes), ("remaining", Bytes), ("round", Number)],
        key_length: 1,
    },
    KEY,
    Table { name: "key_number", columns: &[("one", Flag), ("last", Number)], key_length: 1 },
    Table {
        name: "change",
        columns: &[("revision", Number), ("kind", Number), ("subject", Bytes), ("status", Text)],
        key_length: 1,
    },
    Table {
        name: "revision_head",
        columns: &[("one", Flag), ("revision", Number), ("swept_until", Number), ("log_swept_until", Number)],
        key_length: 1,
    },
    Table {
        name: "answer",
        columns: &[
            ("actor", Text),
            ("name", Text),
            ("fingerprint", Bytes),
            ("key", Bytes),
            ("label", Text),
            ("is_active", Flag),
            ("at", Number),
        ],
        key_length: 2,
    },
    Table {
        name: "person",
        columns: &[
            ("id", Bytes),
            ("email", Text),
            ("email_key", Text),
            ("password", Text),
            ("is_active", Flag),
            ("created_at", Number),
        ],
        key_length: 1,
    },
    Table {
        name: "member",
        columns: &[("person", Bytes), ("tenant", Number), ("role", Number), ("since", Number)],
        key_length: 2,
    },
    Table {
        name: "second_factor",
        columns: &[
            ("person", Bytes),
            ("secret", Bytes),
            ("is_confirmed", Flag),
            ("last_step", Number),
            ("recovery", Bytes),
            ("created_at", Number),
        ],
        key_length: 1,
    },
    Table {
        name: "invitation",
        columns: &[
            ("id", Bytes),
            ("secret", Bytes),
            ("tenant", Number),
            ("email", Text),
            ("email_key", Text),
            ("role", Number),
            ("invited_by", Bytes),
            ("created_at", Number),
            ("expires_at", Number),
        ],
        key_length: 1,
    },
    Table {
        name: "session",
        columns: &[
            ("id", Bytes),
            ("person", Bytes),
            ("tenant", Number),
            ("created_at", Number),
            ("expires_at", Number),
            ("refreshed_at", Number),
            ("generation", Number),
            ("epoch", Number),
            ("jwt_until", Number),
            ("ended_at", Number),
            ("ip", Text),
            ("user_agent", Text),
        ],
        key_length: 1,
    },
    Table {
        name: "opaque_key",
        columns: &[
            ("id", Bytes),
            ("hash", Bytes),
            ("lead", Text),
            ("tenant", Number),
            ("person", Bytes),
            ("name", Text),
            ("created_at", Number),
            ("expires_at", Number),
            ("is_active", Flag),
            ("is_suspended", Flag),
            ("deleted_at", Number),
            ("last_used_at", Number),
        ],
        key_length: 1,
    },
    Table {
        name: "imported_key",
        columns: &[("hash", Bytes), ("id", Bytes), ("expires_at", Number)],
        key_length: 1,
    },
    Table {
        name: "live_session",
        columns: &[
            ("tenant", Number),
            ("name", Text),
            ("opened_at", Number),
            ("is_open", Flag),
            ("pending", Number),
            ("marked_at", Number),
        ],
        key_length: 2,
    },
    Table {
        name: "usage",
        columns: &[
            ("step", Number),
            ("at", Number),
            ("tenant", Number),
            ("key", Bytes),
            ("route", Text),
            ("outcome", Text),
            ("requests", Number),
            ("bytes_in", Number),
            ("bytes_out", Number),
            ("micros", Number),
        ],
        key_length: 6,
    },
    Table {
        name: "last_client",
        columns: &[("key", Bytes), ("at", Number), ("address", Text), ("user_agent", Text)],
        key_length: 1,
    },
    Table {
        name: "attempt",
        columns: &[("subject", Bytes), ("failures", Bytes), ("forget_at", Number)],
        key_length: 1,
    },
    AUDIT,
];
