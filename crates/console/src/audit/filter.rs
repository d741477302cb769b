//! Which rows somebody wants to see, as the query says it.

use crate::form::Form;
use titan_core::Error;
use titan_core::audit::{AuditFilter, Position};
use titan_core::time::Timestamp;

const PAGE: u32 = 50;
/// The longest actor, action or subject.
const LONGEST: usize = 100;
const RESTRICTIONS: [&str; 6] = ["actor", "action", "subject", "since", "until", "cursor"];

pub(super) fn filter(form: &Form) -> Result<AuditFilter, Error> {
    Ok(AuditFilter {
        actor: exact(form, "actor")?,
        action: exact(form, "action")?,
        subject: exact(form, "subject")?,
        since: time(form, "since")?,
        until: time(form, "until")?,
        after: form.given("cursor").map(cursor).transpose()?,
        limit: PAGE,
    })
}

pub(super) fn is_filtered(form: &Form) -> bool {
    RESTRICTIONS.iter().any(|name| form.given(name).is_some())
}

/// Rows are found by the whole text. No row has another one than this allows.
fn exact(form: &Form, name: &str) -> Result<Option<String>, Error> {
    let is_good = |text: &str| text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic());
    match form.given(name) {
        Some(text) if !is_good(text) => {
            Err(Error::invalid(format!("{name}: must be 1 to {LONGEST} visible ASCII characters")))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

/// A time of RFC 3339, or what a browser makes of one (HTML, 2.3.5.5): it has no zone, and is UTC here.
fn time(form: &Form, name: &str) -> Result<Option<Timestamp>, Error> {
    let read = |text: &str| {
        let ends = ["", "Z", ":00Z"];
        let found = ends.into_iter().find_map(|end| Timestamp::parse(&format!("{text}{end}")));
        found.ok_or_else(|| Error::invalid(format!("{name}: must be a time, such as 2026-01-31T12:00")))
    };
    form.given(name).map(read).transpose()
}

/// A place in the list: the time and the number of a row.
fn cursor(text: &str) -> Result<Position, Error> {
    let read = || {
        let (ms, sequence) = text.split_once('-')?;
        Some(Position { at: Timestamp::from_ms(ms.parse().ok()?), sequence: sequence.parse().ok()? })
    };
    read().ok_or_else(|| Error::invalid("cursor: is not one of this list"))
}

/// The query of the next page.
pub(super) fn next(form: &Form, at: Position) -> String {
    let cursor = ("cursor", format!("{}-{}", at.at.ms(), at.sequence));
    let others = form.kept().filter(|(name, value)| *name != "cursor" && !value.is_empty());
    let others = others.map(|(name, value)| (name, value.to_owned()));
    serde_urlencoded::to_string(others.chain([cursor]).collect::<Vec<_>>()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(query: &str) -> Form {
        Form::parse(query.as_bytes()).unwrap()
    }

    #[test]
    fn times_of_browsers_are_utc() {
        let since = |text| filter(&form(text)).map(|filter| filter.since.map(Timestamp::secs));
        let noon = Some(1_769_860_800);
        assert_eq!(since("since=2026-01-31T12:00").unwrap(), noon);
        assert_eq!(since("since=2026-01-31T12:00:00").unwrap(), noon);
        assert_eq!(since("since=2026-01-31T13:00:00%2B01:00").unwrap(), noon);
        assert_eq!(since("since=").unwrap(), None);
        for bad in [
            "since=noon",
            "since=2026-01-31",
            "since=2026-13-31T12:00",
            "cursor=1",
            "actor=a%20b",
            "action=%00",
        ] {
            assert!(since(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_next_page_has_the_same_filter() {
        let at = Position { at: Timestamp::from_ms(7), sequence: 41 };
        let next = next(&form("action=key.update&actor=&cursor=9-42"), at);
        assert_eq!(next, "action=key.update&cursor=7-41");
        assert_eq!(filter(&form(&next)).unwrap().after, Some(at));
    }
}
