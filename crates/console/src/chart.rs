//! A chart of bars that stand on each other, as SVG.
//!
//! It is a template and no plotting library: colours come from the style sheet, so that a chart is right in both themes, widths are per
//! cents, so that text stays readable on a phone, and each bar says its numbers (`docs/adr/0029-console.md`).

use crate::when::grouped;
use askama::Template;

const HEIGHT: f64 = 160.0;
const TOP: f64 = 8.0;
const LINES: u64 = 4;
/// How many times stand below the chart, at the most.
const MOST_TIMES: usize = 8;

/// What a chart shows at one time.
pub(crate) struct Bar {
    /// The time, as it is written below.
    pub(crate) time: String,
    /// One number a series.
    pub(crate) values: Vec<u64>,
}

/// A chart, ready to be drawn.
#[derive(Template)]
#[template(path = "chart.html")]
pub(crate) struct Chart {
    id: &'static str,
    title: String,
    series: &'static [&'static str],
    bars: Vec<Drawn>,
    /// Across, from the axis up.
    lines: Vec<Line>,
    is_empty: bool,
}

/// A bar and its place, which is wider: positions and widths in per cent.
struct Drawn {
    bar: Bar,
    place: String,
    place_width: String,
    x: String,
    width: String,
    middle: String,
    pieces: Vec<Piece>,
    /// What a pointer that rests on it is told.
    said: String,
    /// Whether its time stands below the chart, and whether that needs a wide one.
    time: Option<Below>,
}

/// A time below the chart.
struct Below {
    is_wide: bool,
}

/// A piece of a bar, in pixels.
struct Piece {
    series: usize,
    y: String,
    height: String,
}

/// A line across, and its number.
struct Line {
    y: f64,
    label: String,
}

impl Chart {
    pub(crate) fn new(
        id: &'static str,
        title: String,
        series: &'static [&'static str],
        bars: Vec<Bar>,
    ) -> Self {
        let most = bars.iter().map(Bar::sum).max().unwrap_or_default();
        let scale = Scale { top: round_up(most), bars: bars.len() };
        let bars = bars.into_iter().enumerate().map(|(place, bar)| scale.draw(place, bar, series)).collect();
        Self { id, title, series, bars, lines: scale.lines(), is_empty: most == 0 }
    }
}

impl Bar {
    fn sum(&self) -> u64 {
        self.values.iter().fold(0, |sum, value| sum.saturating_add(*value))
    }

    fn said(&self, series: &[&str]) -> String {
        let parts = series.iter().zip(&self.values);
        let parts: Vec<_> =
            parts.map(|(name, value)| format!("{} {}", grouped(*value), name.to_lowercase())).collect();
        format!("{}: {}", self.time, parts.join(", "))
    }
}

/// What a place and a number are in the chart.
struct Scale {
    top: u64,
    bars: usize,
}

impl Scale {
    fn draw(&self, place: usize, bar: Bar, series: &[&str]) -> Drawn {
        let width = 100.0 / as_float(self.bars.max(1));
        let at = |part: f64| format!("{:.3}", width * (as_float(place) + part));
        Drawn {
            place: at(0.0),
            place_width: format!("{width:.3}"),
            x: at(0.14),
            width: format!("{:.3}", width * 0.72),
            middle: at(0.5),
            pieces: self.pieces(&bar),
            said: bar.said(series),
            time: self.below(place),
            bar,
        }
    }

    /// From below: one piece a series that is not zero, at least a pixel.
    fn pieces(&self, bar: &Bar) -> Vec<Piece> {
        let mut y = TOP + HEIGHT;
        let pieces = bar.values.iter().enumerate().filter(|(_, value)| **value > 0);
        pieces
            .map(|(series, value)| {
                let height = (part(*value, self.top) * HEIGHT).max(1.0);
                y -= height;
                Piece { series: series + 1, y: format!("{y:.1}"), height: format!("{height:.1}") }
            })
            .collect()
    }

    fn lines(&self) -> Vec<Line> {
        let line = |step: u64| {
            let value = self.top / LINES * step;
            Line { y: TOP + HEIGHT - HEIGHT / as_float(LINES) * as_float(step), label: short(value) }
        };
        (0..=LINES).map(line).collect()
    }

    /// Every so many bars have their time below. On a phone there is room for every other of these.
    fn below(&self, place: usize) -> Option<Below> {
        let every = self.bars.div_ceil(MOST_TIMES).max(1);
        place.is_multiple_of(every).then(|| Below { is_wide: !(place / every).is_multiple_of(2) })
    }
}

/// The number at the top line: 4, 8 or 20 times a power of ten, so that the lines have whole numbers.
fn round_up(most: u64) -> u64 {
    let mut unit = 1_u64;
    loop {
        for factor in [4, 8, 20] {
            let top = unit.saturating_mul(factor);
            if most <= top {
                return top;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

/// `1.2k` for 1,200.
fn short(value: u64) -> String {
    let units = [(1_000_000_000, "G"), (1_000_000, "M"), (1000, "k")];
    match units.into_iter().find(|(unit, _)| value >= *unit) {
        Some((unit, name)) if value.is_multiple_of(unit) => format!("{}{name}", value / unit),
        Some((unit, name)) => format!("{}.{}{name}", value / unit, value % unit * 10 / unit),
        None => value.to_string(),
    }
}

/// How much of the whole, at most all. Both are made small enough to be exact where it can be seen.
fn part(value: u64, whole: u64) -> f64 {
    let unit = whole / u64::from(u32::MAX) + 1;
    (as_float(value / unit) / as_float((whole / unit).max(1))).min(1.0)
}

/// Pixels need no more digits than that.
fn as_float<N: TryInto<u32>>(number: N) -> f64 {
    number.try_into().map_or(f64::from(u32::MAX), f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_is_a_round_number_above_all_bars() {
        assert_eq!(round_up(u64::MAX), u64::MAX);
        assert!((part(u64::MAX / 2, u64::MAX) - 0.5).abs() < 0.01);
        for (most, top) in [(0, 4), (3, 4), (5, 8), (9, 20), (20, 20), (21, 40), (81, 200), (1184, 2000)] {
            assert_eq!(round_up(most), top, "{most}");
        }
        assert_eq!(
            ["0", "5", "1k", "1.5k", "2M"],
            [0, 5, 1000, 1500, 2_000_000].map(short).each_ref().map(String::as_str)
        );
    }

    #[test]
    fn bars_stand_on_each_other_within_the_chart() {
        let bars = vec![Bar { time: "1".to_owned(), values: vec![6, 0, 2] }];
        let chart = Chart::new("c", String::new(), &["a", "b", "c"], bars);
        let pieces = &chart.bars[0].pieces;
        assert_eq!(chart.bars[0].said, "1: 6 a, 0 b, 2 c");
        assert_eq!(pieces.iter().map(|piece| piece.series).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(pieces.iter().map(|piece| piece.y.as_str()).collect::<Vec<_>>(), ["48.0", "8.0"]);
    }
}
