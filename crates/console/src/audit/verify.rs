//! Verifying the chain. A long log takes several pages: each reads the row again at which the one before it has ended.

use super::head::{Found, Head};
use crate::answer::{Answer, ok, refused};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::posted::Posted;
use crate::signed::Signed;
use crate::when::grouped;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::State;
use titan_core::Error;

#[derive(Template)]
#[template(path = "audit/verify.html")]
struct VerifyPage {
    layout: Layout,
    form: Form,
    /// `None`: nothing was asked yet.
    verdict: Option<Verdict>,
}

/// What is known of the log by now.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// The row with this number does not follow from the one before it.
    Broken(String),
    /// This row was there in an earlier check, or a moment ago, and is another one now.
    Lost(Head),
    /// Unbroken up to this row. There are more.
    Partial(Head),
    /// The log ends with this row, before the one that was there in an earlier check.
    Short(Head),
    /// Unbroken up to the last row, which is this one.
    Whole(Head),
}

impl VerifyPage {
    fn new(signed: &Signed, form: Form, verdict: Option<Verdict>) -> Self {
        Self { layout: Layout::new(signed, Section::Audit), form, verdict }
    }
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed) -> Answer {
    // Who may not read the log need not know how it is verified.
    Head::BEGIN.is_there(&console, &signed).await?;
    ok(&VerifyPage::new(&signed, Form::default(), None))
}

pub(crate) async fn verify(State(console): State<Shared>, Posted { signed, form }: Posted) -> Answer {
    match try_verify(&console, &signed, &form).await {
        Ok(verdict) => ok(&VerifyPage::new(&signed, form, Some(verdict))),
        Err(error) if error.code().status() == 400 => {
            let form = form.refused(&error);
            Ok(refused(&error, &VerifyPage::new(&signed, form, None)))
        }
        Err(error) => Err(error.into()),
    }
}

async fn try_verify(console: &Console, signed: &Signed, form: &Form) -> Result<Verdict, Error> {
    let (verified, expected) = (head(form, "verified")?, head(form, "expect")?);
    let from = verified.unwrap_or(Head::BEGIN);
    if !from.is_there(console, signed).await? {
        return Ok(Verdict::Lost(from));
    }
    Ok(match (from.read_on(console, signed).await?, expected) {
        (Found::Broken(sequence), _) => Verdict::Broken(grouped(sequence.unsigned_abs())),
        (Found::More(head), _) => Verdict::Partial(head),
        (Found::End(head), Some(expected)) if expected.sequence > head.sequence => Verdict::Short(head),
        (Found::End(_), Some(expected)) if !expected.is_there(console, signed).await? => {
            Verdict::Lost(expected)
        }
        (Found::End(head), _) => Verdict::Whole(head),
    })
}

/// A row with its hash, as it was shown before.
fn head(form: &Form, name: &str) -> Result<Option<Head>, Error> {
    let parsed = form.given(name).map(str::parse).transpose();
    parsed.map_err(|()| {
        Error::invalid(format!(
            "{name}: must be a number, a colon and 64 hexadecimal digits, as Titan showed it"
        ))
    })
}
