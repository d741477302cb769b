//! A form that waits: until somebody has signed in again, or until Titan can take it.

use crate::form::Form;
use askama::Template;

/// Where the form goes, and what is in it but secrets.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Kept {
    /// `path` is that of the request. Nested routes see the rest of it only.
    pub(crate) fn new(path: &str, form: &Form) -> Self {
        let is_whole = path.starts_with(crate::PATH);
        let action = if is_whole { path.to_owned() } else { format!("{}{path}", crate::PATH) };
        Self { action, fields: owned(form.kept()) }
    }

    /// The form that a page where one signs in has held: its fields have a prefix there.
    pub(crate) fn in_sign_in(form: &Form) -> Option<Self> {
        let action = form.given("kept").filter(|action| is_here(action))?;
        let fields = form.kept().filter_map(|(name, value)| Some((name.strip_prefix("kept-")?, value)));
        let is_kept = |(name, _): &(&str, &str)| Form::keeps(name);
        Some(Self { action: action.to_owned(), fields: owned(fields.filter(is_kept)) })
    }
}

fn owned<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Asks whether to send a form.
#[derive(Template)]
#[template(path = "kept_page.html")]
pub(crate) struct KeptPage<'a> {
    title: &'a str,
    text: &'a str,
    kept: Kept,
    csrf: String,
}

impl<'a> KeptPage<'a> {
    pub(crate) fn new(title: &'a str, text: &'a str, kept: Kept, csrf: String) -> Self {
        Self { title, text, kept, csrf }
    }
}

/// Whether it is a page of the console: nobody is to be sent elsewhere.
pub(crate) fn is_here(path: &str) -> bool {
    let rest = path.strip_prefix(crate::PATH);
    let is_below = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    // A browser resolves `..` in each of its spellings.
    let before_query = path.split('?').next().unwrap_or_default().to_ascii_lowercase().replace("%2e", ".");
    is_below && is_plain && !before_query.split('/').any(|segment| segment == "." || segment == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for good in ["/console", "/console/keys", "/console/keys?label=a%20b..", "/console?x"] {
            assert!(is_here(good), "{good}");
        }
        for bad in [
            "",
            "/",
            "//evil",
            "/consoles",
            "https://evil/console",
            "/console\\evil",
            "/console/\r\nx: y",
            "/console/é",
            "/console/../api",
            "/console/%2E%2e/api",
            "/console/./keys",
        ] {
            assert!(!is_here(bad), "{bad}");
        }
    }
}
