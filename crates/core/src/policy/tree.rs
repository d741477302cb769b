//! The routes as a tree of segments.
//!
//! At each segment, the search tries a literal first, then a parameter, then the rest. So of two routes that match
//! the same request, the more specific one wins. If a branch leads to no route, the search tries the next one.

use super::file::Segment;
use super::path::fold;
use std::collections::HashMap;

/// A place in the list of routes.
pub(super) type Index = usize;

/// One segment deep: what may follow, and the routes that end here.
#[derive(Default)]
pub(super) struct Node {
    literals: HashMap<Box<str>, Self>,
    parameter: Option<Box<Self>>,
    rest: Option<Box<Self>>,
    methods: Vec<(Box<str>, Index)>,
}

/// What a walk found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A route.
    Route(Index),
    /// Routes for this path, but none for this method.
    OtherMethods,
    Nothing,
}

impl Node {
    /// Adds a route. `Err` is an existing route that matches the same requests.
    pub(super) fn add(
        &mut self,
        pattern: &str,
        folds: bool,
        method: &str,
        index: Index,
    ) -> Result<(), Index> {
        let mut node = self;
        for segment in pattern.trim_start_matches('/').split('/') {
            node = match Segment::parse(segment) {
                Ok(Segment::Parameter(_)) => node.parameter.get_or_insert_default(),
                Ok(Segment::Rest(_)) => node.rest.get_or_insert_default(),
                Ok(Segment::Literal(_)) | Err(_) => {
                    let literal = if folds { fold(segment).into_owned() } else { segment.to_owned() };
                    node.literals.entry(literal.into()).or_default()
                }
            };
        }
        if let Some((_, other)) = node.methods.iter().find(|(m, _)| **m == *method) {
            return Err(*other);
        }
        node.methods.push((method.into(), index));
        Ok(())
    }

    /// The most specific route for a decoded path without its first slash.
    pub(super) fn find(&self, path: &str, method: &str) -> Found {
        let (segment, rest) = match path.split_once('/') {
            Some((segment, rest)) => (segment, Some(rest)),
            None => (path, None),
        };
        let mut best = Found::Nothing;
        // An empty path is the literal "" (the root), never an empty parameter.
        let parameter = self.parameter.as_deref().filter(|_| !segment.is_empty());
        for child in self.literals.get(segment).into_iter().chain(parameter) {
            let found = match rest {
                Some(rest) => child.find(rest, method),
                None => child.here(method),
            };
            match found {
                Found::Route(_) => return found,
                Found::OtherMethods => best = found,
                Found::Nothing => {}
            }
        }
        match self.rest.as_deref().filter(|_| !path.is_empty()).map(|rest| rest.here(method)) {
            None | Some(Found::Nothing) => best,
            Some(Found::OtherMethods) => Found::OtherMethods,
            Some(route) => route,
        }
    }

    fn here(&self, method: &str) -> Found {
        match self.methods.iter().find(|(m, _)| **m == *method) {
            Some((_, index)) => Found::Route(*index),
            None if self.methods.is_empty() => Found::Nothing,
            None => Found::OtherMethods,
        }
    }
}
