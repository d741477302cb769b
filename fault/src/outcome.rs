//! How a request ends, as its caller sees it.

/// How a request ended.
pub(crate) enum Outcome {
    Accepted,
    Refused(String),
    /// 503: the instance cannot know, or is not ready.
    Unknown,
    /// No answer came.
    Lost,
    /// None of these.
    Odd(String),
}
