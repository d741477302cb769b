//! The text of a key: shown this once.

use super::view::KeyView;
use crate::Console;
use crate::filters;
use crate::guarded::first_route;
use crate::layout::{Layout, Section};
use crate::receipt::ReceiptView;
use crate::signed::Signed;
use askama::Template;
use titan_core::key::Issued;

#[derive(Template)]
#[template(path = "keys/shown.html")]
pub(crate) struct ShownPage {
    layout: Layout,
    key: KeyView,
    secret: String,
    /// A request that the key may make.
    curl: String,
    /// The key that it replaces.
    replaced: Option<String>,
    receipt: Option<ReceiptView>,
}

impl ShownPage {
    pub(crate) fn created(console: &Console, signed: &Signed, issued: &Issued) -> Self {
        let secret = issued.plain.expose().to_owned();
        let curl = curl(console, signed, issued);
        let key = KeyView::new(console, &issued.key);
        Self { layout: Layout::new(signed, Section::Keys), key, secret, curl, replaced: None, receipt: None }
    }

    /// With the receipt of the key that it replaces.
    pub(crate) fn replacing(self, old: String, receipt: Option<ReceiptView>) -> Self {
        Self { replaced: Some(old), receipt, ..self }
    }
}

/// A command for the first route that the key may reach. Without one, the key asks about itself.
pub(crate) fn curl(console: &Console, signed: &Signed, issued: &Issued) -> String {
    let granted = issued.key.claims().scopes;
    let covers = |held, route: &titan_core::policy::Route| {
        route.scope.as_ref().is_none_or(|(scope, _)| console.catalogue.covers(held, *scope))
    };
    let path = first_route(&*console.guarded, covers, granted);
    let path = path.unwrap_or_else(|| format!("/api/account/keys/{}", issued.key.id));
    let (base, key) = (console.base(signed), issued.plain.expose());
    format!("curl -H 'X-API-Key: {key}' \\\n  '{base}{path}'")
}
