//! The settings, and what each of them does.

use crate::answer::{Answer, ok, refused};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::receipt::{ReceiptView, Shown};
use crate::signed::Signed;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{RawQuery, State};
use titan_core::Error;
use titan_core::settings::{LogLevel, Settings};

#[derive(Template)]
#[template(path = "settings/show.html")]
struct SettingsPage {
    layout: Layout,
    form: Form,
    receipt: Option<ReceiptView>,
    /// Whether an instance logs as its own configuration says.
    is_unset: bool,
    /// The level of this instance.
    level: &'static str,
    is_debug: bool,
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let asked = Form::parse(query.unwrap_or_default().as_bytes())?;
    let settings = find(&console, &signed).await?;
    let receipt = Shown::of(&asked).look(&console, &signed).await?;
    ok(&SettingsPage { receipt, ..view(&console, &signed, &settings, form(&settings)) })
}

/// The settings, for who may see them.
pub(super) async fn find(console: &Console, signed: &Signed) -> Result<Settings, Error> {
    console.settings.lookup(&signed.permit(None)?).await
}

fn view(console: &Console, signed: &Signed, settings: &Settings, form: Form) -> SettingsPage {
    SettingsPage {
        layout: Layout::new(signed, Section::Settings),
        form,
        receipt: None,
        is_unset: settings.log_level.is_none(),
        level: console.settings.log_level(settings).name(),
        is_debug: settings.debug_mode,
    }
}

/// What stands in the form, twice: a change sends only what is another value than it was shown. Somebody else may have changed the rest.
fn form(settings: &Settings) -> Form {
    let level = settings.log_level.map(LogLevel::name).unwrap_or_default();
    let fields = [
        ("log_level", "shown_log_level", level.to_owned()),
        ("debug_mode", "shown_debug_mode", settings.debug_mode.to_string()),
        ("rate_limit", "shown_rate_limit", settings.rate_limit.to_string()),
        ("msg_rate_limit", "shown_msg_rate_limit", settings.msg_rate_limit.to_string()),
    ];
    Form::of(fields.into_iter().flat_map(|(name, shown, value)| [(name, value.clone()), (shown, value)]))
}

/// The page with what was wrong.
pub(super) async fn again(console: &Console, signed: &Signed, form: Form, error: &Error) -> Answer {
    let (settings, form) = (find(console, signed).await?, form.refused(error));
    Ok(refused(error, &view(console, signed, &settings, form)))
}
