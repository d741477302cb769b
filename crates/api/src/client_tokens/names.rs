//! A list of names, as an array or as a text.

use serde::Deserialize;
use utoipa::ToSchema;

/// `["a", "b"]` or `"a, b"`
#[derive(Deserialize, ToSchema)]
#[serde(untagged, expecting = "must be an array of strings, or a string with commas")]
#[schema(as = Names)]
pub(super) enum Names {
    /// Names.
    List(Vec<String>),
    /// Names with commas between them.
    Text(String),
}

impl From<Names> for Vec<String> {
    fn from(names: Names) -> Self {
        match names {
            Names::List(list) => list,
            Names::Text(text) => {
                let parts = text.split(',').map(str::trim).filter(|name| !name.is_empty());
                parts.map(str::to_owned).collect()
            }
        }
    }
}
