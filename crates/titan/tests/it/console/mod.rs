//! The console: pages for people.

mod actions;
mod forms;
mod headers;
mod instances;
mod keys;
mod pages;
mod ports;
mod rules;
mod sessions;
mod sign_in;

use crate::support::Answer;

/// Where a page sends the browser.
fn location(answer: &Answer) -> &str {
    answer.header("location")
}
