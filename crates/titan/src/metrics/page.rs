//! What is written for a scrape, metric by metric.

use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use std::fmt;
use std::time::Duration;
use titan_core::revision::Spread;
use titan_edge::metrics::{Label, Observed};

/// A page of metrics. Names are without the ending that the type gives them (`_total`, `_info`).
pub(super) struct Page<'a>(DescriptorEncoder<'a>);

/// A histogram as Prometheus wants it: classes with their upper ends in seconds.
struct Classes {
    classes: Vec<(f64, u64)>,
    sum: Duration,
}

impl Classes {
    fn write(&self, encoder: &mut MetricEncoder<'_>) -> fmt::Result {
        let count = self.classes.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<NoLabelSet>(self.sum.as_secs_f64(), count, &self.classes, None)
    }
}

impl From<Observed> for Classes {
    fn from(observed: Observed) -> Self {
        let end = |end: Option<Duration>| end.map_or(f64::INFINITY, |end| end.as_secs_f64());
        let classes = observed.classes().map(|(upper, count)| (end(upper), count)).collect();
        Self { classes, sum: observed.total() }
    }
}

impl From<Spread> for Classes {
    fn from(spread: Spread) -> Self {
        let end = |ms: Option<u64>| ms.map_or(f64::INFINITY, |ms| Duration::from_millis(ms).as_secs_f64());
        let classes = spread.classes.into_iter().map(|(ms, count)| (end(ms), count)).collect();
        Self { classes, sum: spread.total }
    }
}

fn labels<L: Label>(label: L) -> Vec<(&'static str, &'static str)> {
    let mut out = Vec::new();
    label.write(&mut out);
    out
}

impl<'a> Page<'a> {
    pub(super) fn new(encoder: DescriptorEncoder<'a>) -> Self {
        Self(encoder)
    }

    fn metric(
        &mut self,
        name: &'static str,
        help: &str,
        kind: MetricType,
    ) -> Result<MetricEncoder<'_>, fmt::Error> {
        self.0.encode_descriptor(name, help, None, kind)
    }

    pub(super) fn counter(
        &mut self,
        name: &'static str,
        help: &str,
        value: impl EncodeCounterValue + Copy,
    ) -> fmt::Result {
        self.metric(name, help, MetricType::Counter)?.encode_counter::<NoLabelSet, _, u64>(&value, None)
    }

    /// A counter for each value of a label, also where it is 0: so the first event is a rise that `rate` sees.
    pub(super) fn counters<L: Label>(
        &mut self,
        name: &'static str,
        help: &str,
        value: impl Fn(L) -> u64,
    ) -> fmt::Result {
        let mut metric = self.metric(name, help, MetricType::Counter)?;
        for label in L::all() {
            let labels = labels(label);
            metric.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&value(label), None)?;
        }
        Ok(())
    }

    pub(super) fn gauge(
        &mut self,
        name: &'static str,
        help: &str,
        value: impl EncodeGaugeValue + Copy,
    ) -> fmt::Result {
        self.metric(name, help, MetricType::Gauge)?.encode_gauge(&value)
    }

    /// A gauge for each of these values of one label.
    pub(super) fn gauges<const N: usize>(
        &mut self,
        name: &'static str,
        help: &str,
        label: &'static str,
        values: [(&'static str, u64); N],
    ) -> fmt::Result {
        let mut metric = self.metric(name, help, MetricType::Gauge)?;
        for (text, value) in values {
            metric.encode_family(&[(label, text)])?.encode_gauge(&value)?;
        }
        Ok(())
    }

    pub(super) fn info(&mut self, name: &'static str, help: &str, labels: &[(&str, &str)]) -> fmt::Result {
        self.metric(name, help, MetricType::Info)?.encode_info(&labels)
    }

    pub(super) fn histogram(&mut self, name: &'static str, help: &str, observed: Observed) -> fmt::Result {
        Classes::from(observed).write(&mut self.metric(name, help, MetricType::Histogram)?)
    }

    pub(super) fn spread(&mut self, name: &'static str, help: &str, spread: Spread) -> fmt::Result {
        Classes::from(spread).write(&mut self.metric(name, help, MetricType::Histogram)?)
    }

    /// A histogram for each value of a label.
    pub(super) fn histograms<L: Label>(
        &mut self,
        name: &'static str,
        help: &str,
        observed: impl Fn(L) -> Observed,
    ) -> fmt::Result {
        let mut metric = self.metric(name, help, MetricType::Histogram)?;
        for label in L::all() {
            let labels = labels(label);
            Classes::from(observed(label)).write(&mut metric.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
