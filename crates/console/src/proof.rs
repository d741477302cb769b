//! Proving once more who one is, before what cannot be undone.

use crate::Console;
use crate::cookie::Cookie;
use crate::form::Form;
use crate::posted::Posted;
use crate::signed::Signed;
use titan_core::console::Proof;
use titan_core::user::PlainPassword;
use titan_core::{Code, Error};

/// Checks the fields of the macro `proof`, where no proof of the last minutes is there.
pub(crate) async fn proven(console: &Console, posted: &Posted) -> Result<(), Error> {
    let Posted { signed, form } = posted;
    if signed.is_proven() {
        return Ok(());
    }
    let proof = read(signed, form)?;
    let token = console.console.prove_again(&signed.holder, proof, &signed.origin).await.map_err(at_field)?;
    signed.new_proof.set(Cookie::Proof.set(token.expose()));
    Ok(())
}

/// The error of the master key, at its input.
fn at_field(error: Error) -> Error {
    match error.code() {
        Code::InvalidMasterKey => Error::new(error.code(), "master_key: is not the one of this session"),
        _ => error,
    }
}

fn read(signed: &Signed, form: &Form) -> Result<Proof, Error> {
    let needed = |name: &str| {
        let given = Some(form.raw(name)).filter(|text| !text.is_empty()).map(str::to_owned);
        given.ok_or_else(|| Error::invalid(format!("{name}: is required")))
    };
    if signed.is_master() {
        return Ok(Proof::Master(needed("master_key")?.trim().to_owned()));
    }
    let password = PlainPassword::new(needed("password")?)?;
    Ok(Proof::User(password, form.given("code").map(str::to_owned)))
}
