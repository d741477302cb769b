//! The debug mode of the instances that run now.

use super::show::find;
use super::to_settings;
use crate::answer::Answer;
use crate::form::Form;
use crate::posted::Posted;
use crate::signed::Signed;
use crate::{Console, Shared};
use axum::extract::State;
use titan_core::Error;
use titan_core::revision::{Receipt, Wait};
use titan_core::settings::SettingsUpdate;

pub(crate) async fn set(State(console): State<Shared>, Posted { signed, form }: Posted) -> Answer {
    Ok(to_settings(&console, try_set(&console, &signed, &form).await?))
}

async fn try_set(console: &Console, signed: &Signed, form: &Form) -> Result<Receipt, Error> {
    let is_on = match form.text("enabled") {
        "true" => true,
        "false" => false,
        "setting" => return end(console, signed).await,
        _ => return Err(Error::invalid("enabled: must be true, false or setting")),
    };
    console.settings.override_debug(&signed.permit(None)?, is_on, Wait::No).await
}

/// The setting holds again: that it is written, with the value that it has, ends what was set here.
async fn end(console: &Console, signed: &Signed) -> Result<Receipt, Error> {
    let debug_mode = Some(find(console, signed).await?.debug_mode);
    let update = SettingsUpdate { debug_mode, ..SettingsUpdate::default() };
    Ok(console.settings.update(&signed.permit(None)?, update, Wait::No).await?.1)
}
