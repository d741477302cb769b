//! The parameters, read strictly: a wrong value is 400, and the answer names the parameter and what it can be.

use crate::keys::time;
use http::HeaderMap;
use http::header::ACCEPT;
use serde::Deserialize;
use titan_core::Error;
use titan_core::usage::{Ask, Group, Step};
use titan_token::{KeyId, TenantId};
use utoipa::IntoParams;

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    Json,
}

/// All surfaces have the same parameters, except those in the braces.
macro_rules! query {
    ($(#[$doc:meta])* $name:ident { $($own:tt)* } groups: $groups:expr, own: $ask:expr) => {
        $(#[$doc])*
        #[derive(Deserialize, IntoParams)]
        #[serde(deny_unknown_fields, rename_all = "camelCase")]
        #[into_params(parameter_in = Query)]
        pub(crate) struct $name {
            $($own)*
            /// `minute`, `hour` or `day` (of UTC). Default: `hour`.
            #[param(pattern = "^(minute|hour|day)$")]
            step: Option<String>,
            /// A time in the first step (RFC 3339). Default: an hour of minutes, a day of hours, or 30 days before `to`.
            #[param(format = "date-time")]
            from: Option<String>,
            /// The end (RFC 3339). Default: now. At most 1500 steps after `from`.
            #[param(format = "date-time")]
            to: Option<String>,
            /// Only this route: its pattern in the policy, such as `/api/sessions/{session}`.
            #[param(min_length = 1, max_length = 1000)]
            route: Option<String>,
            /// How many of a group are shown by themselves: 1 to 100, by default 10. The others are together.
            #[param(minimum = 1, maximum = 100)]
            top: Option<u32>,
            /// `json` or `csv`. Default: as `Accept` says, or else `json`.
            #[param(pattern = "^(json|csv)$")]
            format: Option<String>,
        }

        impl $name {
            /// The same as the rules take it.
            pub(super) fn ask(&self) -> Result<Ask, Error> {
                let own: fn(&Self) -> Result<Ask, Error> = $ask;
                Ok(Ask {
                    step: step(self.step.as_deref())?,
                    from: time("from", self.from.as_deref())?,
                    to: time("to", self.to.as_deref())?,
                    route: self.route.clone(),
                    group: group(self.group.as_deref(), &$groups)?,
                    top: self.top,
                    ..own(self)?
                })
            }

            /// How the answer is written.
            pub(super) fn format(&self, headers: &HeaderMap) -> Result<Format, Error> {
                format(self.format.as_deref(), headers)
            }
        }
    };
}

query! {
    /// Which usage.
    AdminUsage {
        /// Only of this tenant.
        #[param(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
        tenant: Option<u32>,
        /// Only of this key.
        #[param(pattern = "^key_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
        key: Option<String>,
        /// What is shown by itself: each `code`, `key`, `route` or `tenant`.
        #[param(pattern = "^(code|key|route|tenant)$")]
        group: Option<String>,
    }
    groups: Group::ALL,
    own: |query| {
        let (tenant, key) = (query.tenant.map(TenantId), key(query.key.as_deref())?);
        Ok(Ask { tenant, key, ..Ask::default() })
    }
}

query! {
    /// Which usage of the tenant.
    AccountUsage {
        /// Only of this key.
        #[param(pattern = "^key_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
        key: Option<String>,
        /// What is shown by itself: each `code`, `key` or `route`.
        #[param(pattern = "^(code|key|route)$")]
        group: Option<String>,
    }
    groups: [Group::Code, Group::Key, Group::Route],
    own: |query| Ok(Ask { key: key(query.key.as_deref())?, ..Ask::default() })
}

query! {
    /// Which usage of the key.
    UsageOfKey {
        /// What is shown by itself: each `code` or `route`.
        #[param(pattern = "^(code|route)$")]
        group: Option<String>,
    }
    groups: [Group::Code, Group::Route],
    own: |_| Ok(Ask::default())
}

fn step(text: Option<&str>) -> Result<Option<Step>, Error> {
    named("step", text, &Step::ALL.map(|step| (step.name(), step)))
}

fn group(text: Option<&str>, allowed: &[Group]) -> Result<Option<Group>, Error> {
    let groups: Vec<_> = allowed.iter().map(|group| (group.name(), *group)).collect();
    named("group", text, &groups)
}

/// The value with this name.
fn named<T: Copy>(parameter: &str, text: Option<&str>, values: &[(&str, T)]) -> Result<Option<T>, Error> {
    let Some(text) = text else { return Ok(None) };
    let found = values.iter().find(|(name, _)| *name == text);
    found.map(|(_, value)| Some(*value)).ok_or_else(|| {
        let names: Vec<_> = values.iter().map(|(name, _)| *name).collect();
        Error::invalid(format!("{parameter}: must be {}", or(&names)))
    })
}

/// `a, b or c`
fn or(names: &[&str]) -> String {
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        names => names.concat(),
    }
}

fn key(text: Option<&str>) -> Result<Option<KeyId>, Error> {
    let parse = |text: &str| text.parse().map_err(|_| Error::invalid("key: must be the id of a key, key_…"));
    text.map(parse).transpose()
}

fn format(text: Option<&str>, headers: &HeaderMap) -> Result<Format, Error> {
    let named = named("format", text, &[("json", Format::Json), ("csv", Format::Csv)])?;
    Ok(named.unwrap_or(if accepts_csv(headers) { Format::Csv } else { Format::Json }))
}

/// Whether the first type that `Accept` names is CSV.
fn accepts_csv(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = accept.split([',', ';']).next().unwrap_or_default();
    first.trim().eq_ignore_ascii_case("text/csv")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn an_unknown_value_is_answered_with_those_that_there_are() {
        let error =
            |text| group(Some(text), &[Group::Code, Group::Key, Group::Route]).unwrap_err().to_string();
        assert!(error("tenant").contains("group: must be code, key or route"), "{}", error("tenant"));
        assert!(step(Some("week")).unwrap_err().to_string().contains("step: must be minute, hour or day"));
        assert!(key(Some("key_1")).is_err() && key(Some("")).is_err());
    }

    #[test]
    fn the_parameter_comes_before_accept() {
        let accept = |text| HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(text))]);
        for (text, format_) in
            [("text/csv", Format::Csv), ("TEXT/CSV;q=1, */*", Format::Csv), ("*/*", Format::Json)]
        {
            assert_eq!(format(None, &accept(text)).unwrap(), format_, "{text}");
        }
        assert_eq!(format(Some("json"), &accept("text/csv")).unwrap(), Format::Json);
        assert!(format(Some("xml"), &accept("*/*")).is_err());
    }
}
