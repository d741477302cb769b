//! What the instance holds, how far it is, and how long its queues are.

use super::Sources;
use super::page::Page;
use std::fmt::Result;
use titan_core::port::WriteLoad;
use titan_edge::metrics::State;
use titan_edge::usage::Usage;

pub(super) fn write(page: &mut Page<'_>, sources: &Sources) -> Result {
    page.info("titan_build", "The version that runs", &[("version", env!("CARGO_PKG_VERSION"))])?;
    let state = sources.follower.state();
    write_revision(page, &state)?;
    write_memory(page, &state)?;
    page.counters("titan_limit_loans", "Loans that were asked of the database, by result", |result| {
        sources.follower.loans(result)
    })?;
    write_store(page, sources.store.write_load())?;
    write_queues(page, sources)?;
    write_connections(page, sources)?;
    page.spread(
        "titan_change_propagation_seconds",
        "Time from the commit of a change until it was in force everywhere",
        state.spread,
    )
}

fn write_revision(page: &mut Page<'_>, state: &State) -> Result {
    page.gauge("titan_revision_applied", "The revision that is in force here", state.applied.0)?;
    page.gauge("titan_revision_head", "The newest revision that was heard of", state.head.0)?;
    page.gauge(
        "titan_lease_good",
        "Whether this instance decides from memory",
        u64::from(state.is_lease_good),
    )?;
    let rest = state.lease_rest.map_or(f64::INFINITY, |rest| rest.as_secs_f64());
    page.gauge("titan_lease_remaining_seconds", "Time until the lease ends", rest)
}

fn write_memory(page: &mut Page<'_>, state: &State) -> Result {
    page.gauge(
        "titan_restricted_keys",
        "Keys that are revoked, disabled, retiring or limited",
        state.restricted,
    )?;
    page.gauge("titan_opaque_keys", "Opaque keys in memory", state.opaque)?;
    page.gauge("titan_signing_key_slots_free", "Slots that the next signing keys can take", state.free_slots)
}

fn write_store(page: &mut Page<'_>, load: WriteLoad) -> Result {
    page.gauge("titan_store_writers_waiting", "Changes that wait for their turn to write", load.waiting)?;
    page.counter("titan_store_writes", "Changes that were committed", load.writes)?;
    page.counter("titan_store_commits", "Transactions that contained them", load.commits)
}

fn write_queues(page: &mut Page<'_>, sources: &Sources) -> Result {
    let access_log = sources.access_log.as_ref();
    page.gauge(
        "titan_access_log_lines_waiting",
        "Lines of the access log that wait to be written",
        access_log.map_or(0, |log| log.waiting()),
    )?;
    page.counter(
        "titan_access_log_lines_dropped",
        "Lines of the access log that were not written",
        access_log.map_or(0, |log| log.dropped()),
    )?;
    page.gauge(
        "titan_key_uses_waiting",
        "Uses of keys that wait to be written",
        sources.follower.state().uses,
    )?;
    page.counters("titan_trace_spans", "Spans of traces, by what became of them", |result| {
        sources.traces.as_ref().map_or(0, |traces| traces.count(result))
    })?;
    write_usage(page, sources.usage.as_deref())?;
    let failures = &sources.failures;
    page.gauge("titan_failed_attempts_waiting", "Refusals that wait for their second", failures.waiting())?;
    page.counter("titan_failed_attempts_delayed", "Refusals that waited for a second", failures.delayed())?;
    page.counter("titan_failed_attempts_crowded", "Refusals for which too many waited", failures.crowded())
}

fn write_usage(page: &mut Page<'_>, usage: Option<&Usage>) -> Result {
    page.gauge(
        "titan_usage_pieces_waiting",
        "Pieces of usage that wait to be written",
        usage.map_or(0, Usage::waiting),
    )?;
    page.counter(
        "titan_usage_flush_failures",
        "Attempts to write usage that failed",
        usage.map_or(0, Usage::failures),
    )
}

fn write_connections(page: &mut Page<'_>, sources: &Sources) -> Result {
    let counts = sources.connections.get().map(|count| count()).unwrap_or_default();
    page.gauges(
        "titan_connections",
        "Open connections",
        "port",
        [("control", counts.control), ("metrics", counts.metrics), ("public", counts.public)],
    )?;
    page.counter("titan_connections_accepted", "Connections that were accepted", counts.accepted)?;
    page.counter("titan_connections_closed", "Connections that were closed for others", counts.given_up)?;
    page.counter("titan_connections_refused", "Connections for which there was no room", counts.refused)
}
