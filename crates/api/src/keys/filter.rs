//! The parameters of a list of keys, read strictly: a wrong value is 400, and the answer names the parameter.

use super::cursor;
use serde::Deserialize;
use titan_core::Error;
use titan_core::key::{Creator, KeyFilter, KeyService, Order, Sort};
use titan_core::time::Timestamp;
use titan_token::TenantId;
use utoipa::IntoParams;

const MOST: u32 = 1000;
const USUAL: u32 = 100;

/// Both kinds of caller have the same parameters, except those in the braces.
macro_rules! query {
    ($(#[$doc:meta])* $name:ident { $($own:tt)* } tenant: $tenant:expr) => {
        $(#[$doc])*
        #[derive(Deserialize, IntoParams)]
        #[serde(deny_unknown_fields, rename_all = "camelCase")]
        #[into_params(parameter_in = Query)]
        pub(crate) struct $name {
            $($own)*
            /// The maximum number of keys: 1 to 1000, by default 100.
            #[param(minimum = 1, maximum = 1000)]
            limit: Option<u32>,
            /// `nextCursor` of the previous page. The other parameters must be the same.
            cursor: Option<String>,
            /// Only keys with this `isActive`.
            active: Option<bool>,
            /// Only keys whose label contains this text. Upper and lower case of A to Z are equal.
            #[param(min_length = 1, max_length = 100)]
            label: Option<String>,
            /// Only keys that this key created, or the master key (`master`).
            #[param(pattern = "^(master|key_[0-7][0-9a-hjkmnp-tv-z]{25})$")]
            created_by: Option<String>,
            /// Only keys that were granted exactly this scope.
            scope: Option<String>,
            /// Only keys that expire before this time (RFC 3339).
            #[param(format = "date-time")]
            expires_before: Option<String>,
            /// Only keys that were last used before this time (RFC 3339), or never.
            #[param(format = "date-time")]
            last_used_before: Option<String>,
            /// `created`, `expires` or `lastUsed`. Default: `expires` with `expiresBefore`, otherwise `lastUsed` with
            /// `lastUsedBefore`, otherwise `created`.
            #[param(pattern = "^(created|expires|lastUsed)$")]
            sort: Option<String>,
            /// `asc` or `desc`. Default: `desc` for `created`, otherwise `asc`.
            #[param(pattern = "^(asc|desc)$")]
            order: Option<String>,
        }

        impl $name {
            /// The same as the rules take it.
            pub(crate) fn filter(&self, keys: &KeyService) -> Result<KeyFilter, Error> {
                let tenant: fn(&Self) -> Option<u32> = $tenant;
                let (expires_before, last_used_before) = (
                    time("expiresBefore", self.expires_before.as_deref())?,
                    time("lastUsedBefore", self.last_used_before.as_deref())?,
                );
                let usual = usual_sort(expires_before, last_used_before);
                let sort = sort(self.sort.as_deref())?.unwrap_or(usual);
                let order = order(self.order.as_deref())?.unwrap_or(sort.usual_order());
                let cursor = self.cursor.as_deref();
                Ok(KeyFilter {
                    tenant: tenant(self).map(TenantId),
                    is_active: self.active,
                    label: self.label.clone(),
                    created_by: self.created_by.as_deref().map(creator).transpose()?,
                    scope: self.scope.as_deref().map(|name| keys.scope(name)).transpose()?,
                    expires_before,
                    last_used_before,
                    sort,
                    order,
                    after: cursor.map(|text| cursor::parse(text, sort, order)).transpose()?,
                    limit: check_limit(self.limit)?,
                    ..KeyFilter::default()
                })
            }
        }
    };
}

query! {
    /// Filters and order of the tenant's keys.
    AccountQuery {}
    tenant: |_| None
}

query! {
    /// Filters and order of keys.
    AdminQuery {
        /// Only keys of this tenant.
        #[param(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
        tenant_id: Option<u32>,
    }
    tenant: |query| query.tenant_id
}

/// 1 to 1000; 100 if it is not given.
pub(crate) fn check_limit(limit: Option<u32>) -> Result<u32, Error> {
    let limit = limit.unwrap_or(USUAL);
    if (1..=MOST).contains(&limit) { Ok(limit) } else { Err(Error::invalid("limit: must be 1 to 1000")) }
}

/// A filter by time sets the default order.
fn usual_sort(expires_before: Option<Timestamp>, last_used_before: Option<Timestamp>) -> Sort {
    match (expires_before, last_used_before) {
        (Some(_), _) => Sort::Expires,
        (None, Some(_)) => Sort::LastUsed,
        (None, None) => Sort::Created,
    }
}

fn sort(text: Option<&str>) -> Result<Option<Sort>, Error> {
    match text {
        None => Ok(None),
        Some("created") => Ok(Some(Sort::Created)),
        Some("expires") => Ok(Some(Sort::Expires)),
        Some("lastUsed") => Ok(Some(Sort::LastUsed)),
        Some(_) => Err(Error::invalid("sort: must be created, expires or lastUsed")),
    }
}

fn order(text: Option<&str>) -> Result<Option<Order>, Error> {
    match text {
        None => Ok(None),
        Some("asc") => Ok(Some(Order::Ascending)),
        Some("desc") => Ok(Some(Order::Descending)),
        Some(_) => Err(Error::invalid("order: must be asc or desc")),
    }
}

fn creator(text: &str) -> Result<Creator, Error> {
    if text == "master" {
        return Ok(Creator::Master);
    }
    let key = text.parse().map(Creator::Key);
    key.or_else(|_| text.parse().map(Creator::User)).map_err(|_| {
        Error::invalid("createdBy: must be the id of a key (key_…) or a user (usr_…), or master")
    })
}

/// A time of RFC 3339.
pub(crate) fn time(parameter: &str, text: Option<&str>) -> Result<Option<Timestamp>, Error> {
    let parse = |text| {
        Timestamp::parse(text).ok_or_else(|| {
            Error::invalid(format!("{parameter}: must be a time of RFC 3339, such as 2026-01-31T00:00:00Z"))
        })
    };
    text.map(parse).transpose()
}
