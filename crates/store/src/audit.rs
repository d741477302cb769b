//! The list of the audit log, alike on every engine.

use crate::columns::select;
use sqlx::{Database, Encode, QueryBuilder, Type};
use titan_core::audit::AuditFilter;
use titan_core::time::Timestamp;

/// The index that finds the fewest rows. The master key does almost everything, so a search for it finds too many.
pub(crate) fn index(filter: &AuditFilter) -> &'static str {
    let AuditFilter { actor, action, subject, .. } = filter;
    let is_rare = actor.as_deref().is_some_and(|actor| actor != "master");
    if subject.is_some() {
        "audit_by_subject"
    } else if is_rare || actor.is_some() && action.is_none() {
        "audit_by_actor"
    } else if action.is_some() {
        "audit_by_action"
    } else {
        "audit_by_time"
    }
}

/// The query for the rows of a list. `index`: for an engine that must be told.
pub(crate) fn select<DB: Database>(index: Option<&str>, filter: &AuditFilter) -> QueryBuilder<DB>
where
    i64: for<'q> Encode<'q, DB> + Type<DB>,
    String: for<'q> Encode<'q, DB> + Type<DB>,
{
    let mut select = QueryBuilder::new(select!(audit));
    if let Some(index) = index {
        select.push(" INDEXED BY ").push(index);
    }
    select.push(" WHERE true");
    let texts = [
        (" AND actor = ", &filter.actor),
        (" AND action = ", &filter.action),
        (" AND subject = ", &filter.subject),
    ];
    for (column, text) in texts {
        if let Some(text) = text {
            select.push(column).push_bind(text.clone());
        }
    }
    for (bound, time) in [(" AND at >= ", filter.since), (" AND at < ", filter.until)] {
        if let Some(time) = time {
            select.push(bound).push_bind(Timestamp::ms(time));
        }
    }
    if let Some(after) = filter.after {
        select
            .push(" AND (at, sequence) < (")
            .push_bind(after.at.ms())
            .push(", ")
            .push_bind(after.sequence)
            .push(")");
    }
    select.push(" ORDER BY at DESC, sequence DESC LIMIT ").push_bind(i64::from(filter.limit));
    select
}
