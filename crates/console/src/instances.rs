//! The instances that use this database, and how long changes take to them.

use crate::answer::{Answer, ok, refused};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::overview::InstanceLine;
use crate::receipt::{ReceiptView, Shown};
use crate::signed::Signed;
use crate::when::{grouped, percent};
use crate::{Console, Shared};
use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::routing::get;
use titan_core::Error;
use titan_core::revision::Spread;

#[derive(Template)]
#[template(path = "instances/list.html")]
struct InstancesPage {
    layout: Layout,
    form: Form,
    instances: Vec<InstanceLine>,
    classes: Vec<Class>,
    /// Within what time a half of the changes was in force, and 99 of 100. `None`: there are none.
    within: Option<(String, String)>,
    receipt: Option<ReceiptView>,
}

/// A class of the histogram.
struct Class {
    name: String,
    count: String,
    share: String,
    /// The length of its bar in per cent of the longest.
    length: u64,
}

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/instances", get(show))
}

async fn show(State(console): State<Shared>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let form = Form::parse(query.unwrap_or_default().as_bytes())?;
    let view = view(&console, &signed).await?;
    match receipt(&console, &signed, &form).await {
        Ok(receipt) => ok(&InstancesPage { form, receipt, ..view }),
        Err(error) if error.code().status() < 500 => {
            let form = form.refused(&error);
            Ok(refused(&error, &InstancesPage { form, ..view }))
        }
        Err(error) => Err(error.into()),
    }
}

async fn view(console: &Console, signed: &Signed) -> Result<InstancesPage, Error> {
    let (instances, spread) = console.fleet.list(&signed.permit(None)?).await?;
    let now = console.clock.now();
    Ok(InstancesPage {
        layout: Layout::new(signed, Section::Instances),
        form: Form::default(),
        instances: instances.into_iter().map(|view| InstanceLine::new(view, now)).collect(),
        classes: classes(&spread),
        within: within(&spread, 50).zip(within(&spread, 99)),
        receipt: None,
    })
}

/// How far the change is whose number somebody has asked for.
async fn receipt(console: &Console, signed: &Signed, form: &Form) -> Result<Option<ReceiptView>, Error> {
    let revision: Option<u64> = form.number("revision")?;
    let receipt = Shown::of(form).look(console, signed).await?;
    if revision.is_some() && receipt.is_none() { Err(Error::not_found("revision")) } else { Ok(receipt) }
}

fn classes(spread: &Spread) -> Vec<Class> {
    let counts = || spread.classes.iter().map(|(_, count)| *count);
    let (all, most): (u64, _) = (counts().sum(), counts().max().unwrap_or_default());
    let class = |(up_to_ms, count): &(Option<u64>, u64)| Class {
        name: up_to_ms.map_or_else(|| "longer".to_owned(), |ms| format!("up to {}", duration(ms))),
        count: grouped(*count),
        share: percent(*count, all),
        length: (count * 100).div_ceil(most.max(1)),
    };
    spread.classes.iter().map(class).collect()
}

/// The end of the class in which so many per cent of all changes are reached.
fn within(spread: &Spread, part: u64) -> Option<String> {
    let all: u64 = spread.classes.iter().map(|(_, count)| count).sum();
    let mut sum = 0;
    let class = spread.classes.iter().find(|(_, count)| {
        sum += count;
        sum > 0 && sum * 100 >= all * part
    });
    Some(match class? {
        (Some(ms), _) => format!("within {}", duration(*ms)),
        (None, _) => "later".to_owned(),
    })
}

fn duration(ms: u64) -> String {
    if ms >= 1000 && ms.is_multiple_of(1000) { format!("{} s", ms / 1000) } else { format!("{ms} ms") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn spread(counts: [u64; 3]) -> Spread {
        let ends = [Some(5), Some(2000), None];
        Spread { classes: ends.into_iter().zip(counts).collect(), total: Duration::ZERO }
    }

    #[test]
    fn the_spread_has_parts_and_bars() {
        let classes = classes(&spread([30, 9, 1]));
        let names: Vec<_> = classes.iter().map(|class| class.name.as_str()).collect();
        assert_eq!(names, ["up to 5 ms", "up to 2 s", "longer"]);
        assert_eq!(classes.iter().map(|class| class.length).collect::<Vec<_>>(), [100, 30, 4]);
        assert_eq!(classes[1].share, "22 %");
    }

    #[test]
    fn a_half_and_nearly_all_are_within_a_class() {
        let both = |counts| [within(&spread(counts), 50), within(&spread(counts), 99)];
        assert_eq!(both([0, 0, 0]), [None, None]);
        assert_eq!(both([99, 1, 0]).map(Option::unwrap_or_default), ["within 5 ms", "within 5 ms"]);
        assert_eq!(both([1, 0, 1]).map(Option::unwrap_or_default), ["within 5 ms", "later"]);
    }
}
