//! Policies: files that say which request needs which scope.
//!
//! A file is parsed into a [`Policy`]; one or more policies in front of the same upstream become a
//! [`PolicySet`], whose [`PolicySet::decide`] says what a method and a [`RequestPath`] need. This module does not
//! know the caller.

mod file;
mod path;
mod set;
mod tree;

pub use file::{Default, Limit, Policy, Problem, Route, SessionEvent, Source, Style};
pub use path::{PathError, RequestPath, fold};
pub use set::{PolicySet, Verdict};
