//! Policies: which request needs what. Files, not code.
//!
//! A file is parsed into a [`Policy`]; one or more policies in front of the same upstream become a
//! [`PolicySet`], whose [`PolicySet::decide`] says what a method and a [`RequestPath`] need. Nothing here asks
//! who the caller is.

mod file;
mod path;
mod set;
mod tree;

pub use file::{Default, Limit, Policy, Problem, Route, Source, Style};
pub use path::{PathError, RequestPath, fold};
pub use set::{PolicySet, Verdict};
