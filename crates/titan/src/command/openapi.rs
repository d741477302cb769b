//! `titan openapi`

use crate::wire;
use anyhow::Result;

pub(super) fn run() -> Result<()> {
    println!("{}", wire::openapi().to_pretty_json()?);
    Ok(())
}
