//! Whose rules are meant: a session of a tenant.

use crate::Console;
use crate::form::Form;
use crate::signed::Signed;
use titan_core::client_token::ClientRules;
use titan_core::revision::Revision;
use titan_core::{Code, Error};
use titan_token::{SessionName, TenantId};

#[derive(Clone)]
pub(super) struct Place {
    pub(super) tenant: TenantId,
    pub(super) session: SessionName,
}

impl Place {
    /// The one that a form names, if it names one.
    pub(super) fn of(form: &Form) -> Result<Option<Self>, Error> {
        const RULE: &str = "session: must begin with a letter or a digit, and have at most 64 letters, digits, dots, _ and -";
        let Some(name) = form.given("session") else { return Ok(None) };
        let session = SessionName::new(name).ok_or_else(|| Error::invalid(RULE))?;
        let tenant = form.number("tenant_id")?.ok_or_else(|| Error::invalid("tenantId: is required"))?;
        Ok(Some(Self { tenant: TenantId(tenant), session }))
    }

    /// The same, where a form without one makes no sense.
    pub(super) fn required(form: &Form) -> Result<Self, Error> {
        Self::of(form)?.ok_or_else(|| Error::invalid("session: is required"))
    }

    /// The rules there, if there are any. A tenant that does not exist is an error: it cannot get any.
    pub(super) async fn rules(
        &self,
        console: &Console,
        signed: &Signed,
    ) -> Result<Option<ClientRules>, Error> {
        console.tenants.lookup(&signed.permit(None)?, self.tenant).await?;
        let (tenant, session) = (Some(self.tenant), self.session.clone());
        match console.client_tokens.rules(&signed.permit(None)?, tenant, session).await {
            Ok(rules) => Ok(Some(rules)),
            Err(error) if error.code() == Code::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The query of a page about it. Neither of its values needs an escape.
    pub(super) fn query(&self) -> String {
        format!("tenant_id={}&session={}", self.tenant.0, self.session)
    }

    /// Where its rules are shown, with the receipt of a change.
    pub(super) fn path(&self, changed: Option<Revision>) -> String {
        let revision = changed.map(|revision| format!("&revision={revision}"));
        format!("/console/client-rules?{}{}", self.query(), revision.unwrap_or_default())
    }
}
