//! What can go wrong while a body is sent.

/// Any error while a body is sent.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;
