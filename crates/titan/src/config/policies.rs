//! Finding policies: shipped ones by name, others by file.

use anyhow::{Context, Result};
use std::path::Path;
use titan_core::suggest::did_you_mean;

/// The policies that are inside the program.
pub const SHIPPED: [(&str, &str); 3] = [
    ("whatsapp", include_str!("../../../../policies/whatsapp.toml")),
    ("tasks", include_str!("../../../../policies/tasks.toml")),
    ("whatomate", include_str!("../../../../policies/whatomate.toml")),
];

/// The text of a policy: a shipped one if `name` is one's name, otherwise a file's.
pub fn policy_text(name: &str) -> Result<String> {
    if let Some((_, text)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
        return Ok((*text).to_owned());
    }
    let names = SHIPPED.map(|(name, _)| name);
    std::fs::read_to_string(Path::new(name)).with_context(|| {
        let (all, hint) = (names.join(", "), did_you_mean(name, names));
        format!("policy {name}: neither a file nor one of the shipped ones ({all}){hint}")
    })
}
