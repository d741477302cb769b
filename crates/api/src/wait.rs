//! `?wait=`: until when the answer to a change waits.

use serde::Deserialize;
use titan_core::revision::Wait;
use utoipa::{IntoParams, ToSchema};

/// Until when the answer waits.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WaitUntil {
    /// Until the change is in force on every instance.
    #[default]
    InForce,
    /// Only until it is committed: 202, and `GET /admin/revisions/{revision}` says when it is in force.
    None,
}

/// The parameter of changes that have no other.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Waiting {
    /// Until when the answer waits.
    #[serde(default)]
    #[param(inline)]
    pub(crate) wait: WaitUntil,
}

impl From<WaitUntil> for Wait {
    fn from(until: WaitUntil) -> Self {
        match until {
            WaitUntil::InForce => Self::UntilInForce,
            WaitUntil::None => Self::No,
        }
    }
}
