//! The SQL. Values are bound. The text consists only of constants in this file, never of text from a caller.

use super::candidates::{FEW, FEW_ANYWHERE, Source};
use super::{After, Listing};
use crate::columns::columns;
use crate::stored::{creator_bytes, key_bytes};
use sqlx::{QueryBuilder, Sqlite};
use titan_core::key::{KeyFilter, Order, Sort};
use titan_core::time::Timestamp;

/// The rows of candidates.
const KEYS_OF: &str = concat!("SELECT ", columns!(key), " FROM (");

type Builder = QueryBuilder<Sqlite>;

/// The most entries that one page examines of an index with all columns of the filter.
const ENTRIES: u32 = 20_000;
/// The most rows that one page examines in the order of creation, which is nearly the order of the table.
const ROWS: u32 = 3000;

impl Listing<'_> {
    /// The keys of a page, and one more to see whether there is a next page.
    pub(super) fn keys(&self, source: &Source) -> Builder {
        let mut select = Builder::new(KEYS_OF);
        self.push_candidates(&mut select, source);
        select.push(format_args!(
            " LIMIT {}) AS candidate CROSS JOIN key {}",
            self.most(source),
            join(source)
        ));
        if self.is_covered(source) {
            self.push_checks(&mut select, "candidate.");
        } else {
            self.push_checks(&mut select, "key.");
        }
        // The other sources are in the order of the list, and the join keeps it: it reads one candidate after the other.
        if matches!(source, Source::Before(_) | Source::Few(_)) {
            self.push_after(&mut select, "key.", "key.number");
            self.push_order(&mut select, "key.", "key.number");
        }
        select.push(" LIMIT ").push_bind(i64::from(self.filter.limit) + 1);
        select
    }

    /// The last candidate that the page examined, if it examined as many as it may.
    pub(super) fn end(&self, source: &Source) -> Option<Builder> {
        if matches!(source, Source::Before(_) | Source::Few(_)) {
            return None;
        }
        let mut select = Builder::new(KEYS_OF);
        self.push_candidates(&mut select, source);
        let last = self.most(source) - 1;
        select.push(format_args!(" LIMIT 1 OFFSET {last}) AS candidate CROSS JOIN key {}", join(source)));
        Some(select)
    }

    /// The most candidates that one page examines.
    fn most(&self, source: &Source) -> u32 {
        match source {
            Source::Few(_) | Source::Made(_) => FEW,
            Source::Order if self.filter.sort == Sort::Created => ROWS,
            Source::Order if self.is_covered(source) => ENTRIES,
            Source::Before(_) | Source::Order => FEW_ANYWHERE,
        }
    }

    /// Whether the index has all columns of the filter, so that a row is read only for a key on the page.
    fn is_covered(&self, source: &Source) -> bool {
        let is_by_time = *source == Source::Order && self.filter.sort != Sort::Created;
        is_by_time && (self.filter.sort == Sort::LastUsed || self.filter.last_used_before.is_none())
    }

    fn push_candidates(&self, select: &mut Builder, source: &Source) {
        match source {
            Source::Before(sort) => push_before(select, self.filter, *sort, "id"),
            Source::Few(terms) => push_terms(select, terms),
            Source::Made(terms) => {
                push_terms(select, terms);
                self.push_after(select, "", "rowid");
                self.push_order(select, "", "rowid");
            }
            Source::Order => self.push_all(select, source),
        }
    }

    /// All keys, from the index for the order of the list.
    fn push_all(&self, select: &mut Builder, source: &Source) {
        let columns = if self.is_covered(source) {
            "id, is_active, retires_at, created_by, scopes, label, expires_at"
        } else {
            "id"
        };
        push_before(select, self.filter, self.filter.sort, columns);
        self.push_after(select, "", "number");
        self.push_order(select, "", "number");
    }

    /// The conditions of the filter.
    fn push_checks(&self, select: &mut Builder, of: &str) {
        let now = self.filter.now.map_or(0, Timestamp::ms);
        select
            .push(format_args!(" AND ({of}retires_at IS NULL OR {of}retires_at > "))
            .push_bind(now)
            .push(")");
        if let Some(is_active) = self.filter.is_active {
            select.push(format_args!(" AND {of}is_active = ")).push_bind(is_active);
        }
        match self.filter.created_by.map(creator_bytes) {
            Some(Some(id)) => {
                select.push(format_args!(" AND {of}created_by = ")).push_bind(id);
            }
            Some(None) => {
                select.push(format_args!(" AND {of}created_by IS NULL"));
            }
            None => {}
        }
        if let Some(bit) = self.filter.scope {
            select.push(format_args!(" AND instr({of}scopes, ")).push_bind(vec![bit.number()]).push(")");
        }
        if let Some(label) = &self.filter.label {
            // Not LIKE: no character has a special meaning.
            select
                .push(format_args!(" AND instr(lower({of}label), "))
                .push_bind(label.to_ascii_lowercase())
                .push(")");
        }
        self.push_other_checks(select, of);
    }

    /// The conditions that candidates from an index by time already meet: the tenant, and the time in that order.
    fn push_other_checks(&self, select: &mut Builder, of: &str) {
        if let Some(tenant) = self.filter.tenant.filter(|_| of == "key.") {
            select.push(" AND key.tenant = ").push_bind(tenant.0);
        }
        let is_candidate = of == "candidate.";
        for sort in [Sort::Expires, Sort::LastUsed]
            .into_iter()
            .filter(|sort| !is_candidate || *sort != self.filter.sort)
        {
            if let Some(end) = bound(self.filter, sort) {
                select.push(format_args!(" AND {} < ", value(sort, of))).push_bind(end.ms());
            }
        }
    }

    /// Only keys after the place where the page begins. `number` is the column with the number of a key.
    fn push_after(&self, select: &mut Builder, of: &str, number: &str) {
        let than = if self.filter.order == Order::Ascending { '>' } else { '<' };
        match self.after {
            None => {}
            Some(After::Number(last)) => {
                select.push(format_args!(" AND {number} {than} ")).push_bind(last);
            }
            Some(After::Time(time, id)) => {
                select.push(format_args!(" AND ({}, {of}id) {than} (", value(self.filter.sort, of)));
                select.push_bind(time).push(", ").push_bind(key_bytes(id)).push(")");
            }
        }
    }

    fn push_order(&self, select: &mut Builder, of: &str, number: &str) {
        let direction = if self.filter.order == Order::Ascending { "ASC" } else { "DESC" };
        match self.filter.sort {
            Sort::Created => select.push(format_args!(" ORDER BY {number} {direction}")),
            sort => {
                select.push(format_args!(" ORDER BY {} {direction}, {of}id {direction}", value(sort, of)))
            }
        };
    }
}

/// Counts the keys before the time of the filter in this order, up to one more than few.
pub(super) fn count_before(filter: &KeyFilter, sort: Sort) -> Builder {
    let mut select = Builder::new("SELECT count(*) FROM (");
    push_before(&mut select, filter, sort, "1");
    select.push(format_args!(" LIMIT {})", FEW_ANYWHERE + 1));
    select
}

/// The time of the filter in this order.
pub(super) fn bound(filter: &KeyFilter, sort: Sort) -> Option<Timestamp> {
    match sort {
        Sort::Created => None,
        Sort::Expires => filter.expires_before,
        Sort::LastUsed => filter.last_used_before,
    }
}

fn value(sort: Sort, of: &str) -> String {
    match sort {
        Sort::Created => format!("{of}number"),
        Sort::Expires => format!("{of}expires_at"),
        Sort::LastUsed => format!("{of}last_used_at"),
    }
}

/// The keys of the tenant before the time of the filter in this order, from the index for the order.
fn push_before(select: &mut Builder, filter: &KeyFilter, sort: Sort, columns: &str) {
    let index = match (sort, filter.tenant.is_some()) {
        (Sort::Created, false) => "key_by_number",
        (Sort::Created, true) => "key_by_tenant_number",
        (Sort::Expires, false) => "key_by_expiry",
        (Sort::Expires, true) => "key_by_tenant_expiry",
        (Sort::LastUsed, false) => "key_by_use",
        (Sort::LastUsed, true) => "key_by_tenant_use",
    };
    select.push(format_args!("SELECT {columns} FROM key INDEXED BY {index} WHERE revoked_at IS NULL"));
    if let Some(tenant) = filter.tenant {
        select.push(" AND tenant = ").push_bind(tenant.0);
    }
    if let Some(end) = bound(filter, sort) {
        select.push(format_args!(" AND {} < ", value(sort, ""))).push_bind(end.ms());
    }
}

fn push_terms(select: &mut Builder, terms: &str) {
    select.push("SELECT rowid AS number FROM key_term WHERE key_term MATCH ").push_bind(terms.to_owned());
}

/// Joins a candidate to its row.
fn join(source: &Source) -> &'static str {
    match source {
        Source::Before(_) | Source::Order => "ON key.id = candidate.id WHERE true",
        Source::Few(_) | Source::Made(_) => {
            "INDEXED BY key_by_number ON key.number = candidate.number WHERE key.revoked_at IS NULL"
        }
    }
}
