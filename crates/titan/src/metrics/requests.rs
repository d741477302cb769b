//! The path of requests: the sets of all workers, added up.

use super::page::Page;
use std::fmt::Result;
use std::sync::Arc;
use titan_edge::metrics::EdgeMetrics;

pub(super) fn write(page: &mut Page<'_>, workers: &[Arc<EdgeMetrics>]) -> Result {
    let sum = |read: &dyn Fn(&EdgeMetrics) -> u64| workers.iter().map(|worker| read(worker)).sum::<u64>();
    // What has begun is read last: so a request that ends meanwhile does not make the difference negative.
    let ended = sum(&|worker| worker.requests.sum());
    page.counters("titan_requests", "Requests that ended, by part and class of the status", |label| {
        sum(&|worker| worker.requests.read(label))
    })?;
    let running = sum(&|worker| worker.begun()).saturating_sub(ended);
    page.gauge("titan_requests_in_flight", "Requests that have not ended", running)?;
    page.histograms("titan_request_duration_seconds", "Time until the last byte of the answer", |part| {
        workers.iter().map(|worker| worker.durations.read(part)).sum()
    })?;
    page.counters("titan_verdicts", "Decisions about credentials", |label| {
        sum(&|worker| worker.verdicts.read(label))
    })?;
    page.counters("titan_limit_refusals", "Requests that a limit refused", |limit| {
        sum(&|worker| worker.limited.read(limit))
    })?;
    write_upstreams(page, workers)
}

fn write_upstreams(page: &mut Page<'_>, workers: &[Arc<EdgeMetrics>]) -> Result {
    let sum = |read: &dyn Fn(&EdgeMetrics) -> u64| workers.iter().map(|worker| read(worker)).sum::<u64>();
    let ended = sum(&|worker| worker.upstream_results.sum());
    page.counters("titan_upstream_requests", "Requests to upstreams, by what became of them", |result| {
        sum(&|worker| worker.upstream_results.read(result))
    })?;
    let running = sum(&|worker| worker.asked()).saturating_sub(ended);
    page.gauge("titan_upstream_requests_in_flight", "Requests that wait for an upstream", running)?;
    page.histogram(
        "titan_upstream_duration_seconds",
        "Time until an upstream began to answer",
        workers.iter().map(|worker| worker.upstream_duration.read()).sum(),
    )?;
    page.counters("titan_upstream_connections", "Connections that requests to upstreams took", |link| {
        sum(&|worker| worker.upstream_links.read(link))
    })
}
