//! The text of a key of one's own: shown this once.

use crate::Console;
use crate::filters;
use crate::keys::{KeyView, curl};
use crate::layout::{Layout, Section};
use crate::receipt::ReceiptView;
use crate::signed::Signed;
use askama::Template;
use titan_core::key::Issued;

#[derive(Template)]
#[template(path = "my_keys/shown.html")]
pub(crate) struct ShownPage {
    layout: Layout,
    key: KeyView,
    secret: String,
    /// A request that the key may make.
    curl: String,
    is_rotated: bool,
    receipt: Option<ReceiptView>,
}

impl ShownPage {
    pub(crate) fn created(console: &Console, signed: &Signed, issued: &Issued) -> Self {
        Self {
            layout: Layout::new(signed, Section::MyKeys),
            key: KeyView::new(console, &issued.key),
            secret: issued.plain.expose().to_owned(),
            curl: curl(console, signed, issued),
            is_rotated: false,
            receipt: None,
        }
    }

    /// With the receipt of the key that it replaces.
    pub(crate) fn rotated(self, receipt: Option<ReceiptView>) -> Self {
        Self { is_rotated: true, receipt, ..self }
    }
}
