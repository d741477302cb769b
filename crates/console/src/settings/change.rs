//! Changing settings: what is as it was shown stays.

use super::show::again;
use super::to_settings;
use crate::answer::Answer;
use crate::form::Form;
use crate::posted::Posted;
use crate::signed::Signed;
use crate::{Console, Shared};
use axum::extract::State;
use titan_core::Error;
use titan_core::revision::{Receipt, Wait};
use titan_core::settings::{LogLevel, SettingsUpdate};

pub(crate) async fn change(State(console): State<Shared>, Posted { signed, form }: Posted) -> Answer {
    match try_change(&console, &signed, &form).await {
        Ok(receipt) => Ok(to_settings(&console, receipt)),
        Err(error) => again(&console, &signed, form, &error).await,
    }
}

async fn try_change(console: &Console, signed: &Signed, form: &Form) -> Result<Receipt, Error> {
    let update = read(form)?;
    Ok(console.settings.update(&signed.permit(None)?, update, Wait::No).await?.1)
}

fn read(form: &Form) -> Result<SettingsUpdate, Error> {
    let level = |name| LogLevel::parse(name).ok_or_else(wrong_level);
    // A box that is not checked is not sent.
    let debug_mode = form.is_on("debug_mode");
    let update = SettingsUpdate {
        rate_limit: limit(form, "rate_limit", "shown_rate_limit")?,
        msg_rate_limit: limit(form, "msg_rate_limit", "shown_msg_rate_limit")?,
        debug_mode: Some(debug_mode).filter(|is_on| *is_on != form.is_on("shown_debug_mode")),
        log_level: changed(form, "log_level", "shown_log_level").map(level).transpose()?,
    };
    if is_empty(update) { Err(Error::invalid("You have changed nothing.")) } else { Ok(update) }
}

fn wrong_level() -> Error {
    Error::invalid("logLevel: must be debug, info, warn or error")
}

/// What stands in a field, if it is another text than was shown.
fn changed<'a>(form: &'a Form, name: &str, shown: &str) -> Option<&'a str> {
    form.given(name).filter(|text| *text != form.text(shown))
}

fn limit(form: &Form, name: &str, shown: &str) -> Result<Option<u32>, Error> {
    if form.given(name).is_none() {
        return Err(Error::invalid(format!("{name}: is required. 0 is no limit")));
    }
    if changed(form, name, shown).is_some() { form.number(name) } else { Ok(None) }
}

fn is_empty(update: SettingsUpdate) -> bool {
    let SettingsUpdate { rate_limit, msg_rate_limit, debug_mode, log_level } = update;
    (rate_limit, msg_rate_limit, debug_mode, log_level) == (None, None, None, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: &str =
        "&shown_rate_limit=100&shown_msg_rate_limit=50&shown_debug_mode=false&shown_log_level=";

    fn update(text: &str) -> Result<SettingsUpdate, Error> {
        read(&Form::parse(format!("{text}{SHOWN}").as_bytes()).unwrap())
    }

    fn refused(text: &str) -> String {
        update(text).unwrap_err().message().to_owned()
    }

    #[test]
    fn what_is_as_it_was_shown_is_not_sent() {
        let one = update("rate_limit=200&msg_rate_limit=50&log_level=").unwrap();
        assert_eq!((one.rate_limit, one.msg_rate_limit), (Some(200), None));
        assert_eq!((one.debug_mode, one.log_level), (None, None));
        let others = update("rate_limit=100&msg_rate_limit=50&log_level=warn&debug_mode=true").unwrap();
        assert_eq!((others.rate_limit, others.log_level), (None, Some(LogLevel::Warn)));
        assert_eq!(others.debug_mode, Some(true));
    }

    #[test]
    fn nothing_and_what_is_no_setting_are_refused() {
        assert_eq!(refused("rate_limit=100&msg_rate_limit=50"), "You have changed nothing.");
        assert_eq!(refused("rate_limit=&msg_rate_limit=50"), "rate_limit: is required. 0 is no limit");
        assert_eq!(refused("rate_limit=many&msg_rate_limit=50"), "rate_limit: must be a number");
        assert_eq!(
            refused("rate_limit=100&msg_rate_limit=50&log_level=loud"),
            "logLevel: must be debug, info, warn or error"
        );
    }
}
