//! The list of changes.

use super::actions::ACTIONS;
use super::filter::{filter, is_filtered, next};
use crate::answer::{Answer, ok, refused};
use crate::audited::AuditLine;
use crate::filters;
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::signed::Signed;
use crate::when::grouped;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{RawQuery, State};
use titan_core::Error;
use titan_core::audit::{Position, Row};

#[derive(Template)]
#[template(path = "audit/list.html")]
struct ListPage {
    layout: Layout,
    form: Form,
    audit: Vec<AuditLine>,
    actions: &'static [&'static str],
    /// The query of the next page.
    next: Option<String>,
    is_filtered: bool,
}

impl ListPage {
    /// The number of a row. The first is 1.
    fn number(line: &AuditLine) -> String {
        grouped(line.sequence.unsigned_abs())
    }
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let form = Form::parse(query.unwrap_or_default().as_bytes())?;
    match rows(&console, &signed, &form).await {
        Ok((rows, next)) => ok(&view(&console, &signed, form, &rows, next)),
        Err(error) if error.code().status() == 400 => {
            let form = form.refused(&error);
            Ok(refused(&error, &view(&console, &signed, form, &[], None)))
        }
        Err(error) => Err(error.into()),
    }
}

async fn rows(
    console: &Console,
    signed: &Signed,
    form: &Form,
) -> Result<(Vec<Row>, Option<Position>), Error> {
    console.audit.list(&signed.permit(None)?, filter(form)?).await
}

fn view(console: &Console, signed: &Signed, form: Form, rows: &[Row], at: Option<Position>) -> ListPage {
    let now = console.clock.now();
    ListPage {
        layout: Layout::new(signed, Section::Audit),
        audit: rows.iter().map(|row| AuditLine::new(row, now)).collect(),
        actions: &ACTIONS,
        next: at.map(|at| next(&form, at)),
        is_filtered: is_filtered(&form),
        form,
    }
}
