//! What a check found.

use serde_json::{Value, json};

/// How serious it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Ok,
    /// Titan runs, and somebody must look at it soon.
    Warning,
    /// Titan does not start, or does not do what it promises.
    Problem,
}

/// The result of one check.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) state: State,
    check: &'static str,
    what: String,
    advice: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self { state: State::Ok, check, what: what.into(), advice: None }
    }

    pub(super) fn warning(check: &'static str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { state: State::Warning, check, what: what.into(), advice: Some(advice.into()) }
    }

    pub(super) fn problem(check: &'static str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { state: State::Problem, check, what: what.into(), advice: Some(advice.into()) }
    }

    /// A line, and one that says what to do.
    pub(super) fn to_text(&self) -> String {
        let what = self.what.replace('\n', "; ");
        let advice =
            self.advice.as_ref().map(|advice| format!("\n{:24} -> {advice}", "")).unwrap_or_default();
        format!("{:8} {:15} {what}{advice}", self.word(), self.check)
    }

    pub(super) fn to_json(&self) -> Value {
        json!({ "state": self.word(), "check": self.check, "what": self.what, "advice": self.advice })
    }

    fn word(&self) -> &'static str {
        match self.state {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Problem => "problem",
        }
    }
}
