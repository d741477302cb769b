//! Another password of one's own. All sessions end, so one signs in again.

use super::page;
use crate::answer::{Answer, redirect, with_cookie};
use crate::cookie::Cookie;
use crate::form::Form;
use crate::posted::Posted;
use crate::sign_in::not_everywhere;
use crate::signed::Signed;
use crate::{Console, Shared};
use axum::extract::State;
use axum::response::Response;
use titan_core::Error;
use titan_core::revision::{Receipt, Wait};
use titan_core::session::NewPassword;
use titan_core::user::PlainPassword;

/// What the service says of the password until now. Of the new one, it says other things.
const WRONG: &str = "password: is wrong";

pub(crate) async fn set(State(console): State<Shared>, Posted { signed, form }: Posted) -> Answer {
    match try_set(&console, &signed, &form).await {
        Ok(receipt) => Ok(signed_out(&console, receipt).await),
        Err(error) => page::refused(&console, &signed, form, &of_field(error)).await,
    }
}

async fn try_set(console: &Console, signed: &Signed, form: &Form) -> Result<Receipt, Error> {
    let text = |name| PlainPassword::new(form.raw(name).to_owned());
    let (current, new) = (text("current_password")?, text("new_password")?);
    let password = NewPassword { current, new, code: form.given("code").map(str::to_owned) };
    console.sessions.set_own_password(&signed.permit(None)?, password, Wait::No).await
}

/// All sessions have ended, this one too. Nobody sees a receipt after that: the page waits.
async fn signed_out(console: &Console, receipt: Receipt) -> Response {
    let response = match console.propagation.wait_until_in_force(receipt.revision).await {
        Ok(_) => redirect("/console/sign-in"),
        Err(error) => not_everywhere(&error, "The new password is set."),
    };
    let response = with_cookie(response, Cookie::Session.clear());
    with_cookie(response, Cookie::Proof.clear())
}

/// The same error, with the name of one of the two fields.
fn of_field(error: Error) -> Error {
    match error.message().strip_prefix("password: ") {
        Some(text) if error.message() == WRONG => Error::invalid(format!("current_password: {text}")),
        Some(text) => Error::invalid(format!("new_password: {text}")),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_of_one_of_the_two_passwords() {
        let said = |text: &'static str| of_field(Error::invalid(text)).message().to_owned();
        assert_eq!(said(WRONG), "current_password: is wrong");
        assert_eq!(said("password: is too short"), "new_password: is too short");
        assert_eq!(said("code: is wrong"), "code: is wrong");
    }
}
