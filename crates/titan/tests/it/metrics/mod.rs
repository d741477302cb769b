//! `/metrics`, as Prometheus and its operator meet it.

#![expect(clippy::float_cmp, reason = "counts are whole numbers, which a float has exactly")]

mod access;
mod bounds;
mod documented;
mod limits;
mod requests;
mod verdicts;

use crate::support::{Role, TestApp};
use std::collections::BTreeMap;

const SESSIONS: &str = "/api/sessions";

/// The samples of one scrape: `name{label="value"}` and the number.
#[derive(Clone)]
struct Scrape(BTreeMap<String, f64>);

impl Scrape {
    fn parse(text: &str) -> Self {
        let samples = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line}"));
            (name.to_owned(), value.replace("Inf", "inf").parse().unwrap())
        });
        Self(samples.collect())
    }

    #[track_caller]
    fn get(&self, series: &str) -> f64 {
        *self.0.get(series).unwrap_or_else(|| panic!("no {series}"))
    }

    /// The names of all series.
    fn series(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// By how much a series has risen since.
    #[track_caller]
    fn since(&self, before: &Self, series: &str) -> f64 {
        self.get(series) - before.get(series)
    }
}

async fn scrape(app: &TestApp) -> Scrape {
    Scrape::parse(&app.master().get("/metrics").await.expect(200).text)
}

/// Scrapes until this holds: a request is counted when its last byte is passed on, which the client may see earlier.
async fn scrape_until(app: &TestApp, holds: impl Fn(&Scrape) -> bool) -> Scrape {
    for _ in 0..500 {
        let scrape = scrape(app).await;
        if holds(&scrape) {
            return scrape;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it never holds: {:?}", scrape(app).await.0)
}

/// What `/metrics` answers at a port of its own.
fn metrics_port(app: &TestApp) -> Role {
    Role::new(&format!("http://{}", app.metrics.unwrap()), None)
}
