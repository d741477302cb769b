//! The page of the policies.

use super::decision::DecisionView;
use super::list::Routes;
use crate::answer::{Answer, ok, refused};
use crate::form::Form;
use crate::guarded::Guarded;
use crate::layout::{Layout, Section};
use crate::signed::Signed;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{RawQuery, State};
use titan_core::access::{Permit, ReadPolicies};

/// Methods that most APIs use. A policy may name more.
const USUAL: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

#[derive(Template)]
#[template(path = "policies/page.html")]
struct PoliciesPage {
    layout: Layout,
    form: Form,
    methods: Vec<String>,
    decision: Option<DecisionView>,
    routes: Routes,
    /// The query of the next part.
    next: Option<String>,
}

pub(super) async fn show(State(console): State<Shared>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let _permit: Permit<ReadPolicies> = signed.permit(None)?;
    let form = Form::parse(query.unwrap_or_default().as_bytes())?;
    match Routes::find(&*console.guarded, &form) {
        Ok(routes) => ok(&view(&console, &signed, form, routes)),
        Err(error) => {
            let all = Routes::find(&*console.guarded, &Form::default())?;
            Ok(refused(&error, &view(&console, &signed, form.refused(&error), all)))
        }
    }
}

fn view(console: &Console, signed: &Signed, form: Form, routes: Routes) -> PoliciesPage {
    let guarded = &*console.guarded;
    let method = form.given("method").unwrap_or("GET").to_ascii_uppercase();
    let decision = form.given("path").map(|path| DecisionView::new(guarded, &method, path));
    let methods = methods(guarded, method);
    let next = routes.next().map(|from| query(&form, from));
    PoliciesPage { layout: Layout::new(signed, Section::Policies), form, methods, decision, routes, next }
}

/// The usual methods, those that a policy names, and the one that is asked about.
fn methods(guarded: &dyn Guarded, asked: String) -> Vec<String> {
    let upstreams = guarded.upstreams();
    let policies = upstreams.iter().flat_map(|(_, set)| set.policies());
    let named = policies.flat_map(|policy| &policy.routes).flat_map(|route| route.methods.clone());
    let mut methods = USUAL.map(str::to_owned).to_vec();
    for method in named.chain([asked]) {
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    methods
}

/// The query of another part of the list. What was asked stays.
fn query(form: &Form, from: usize) -> String {
    let from = ("from", from.to_string());
    let others = form.kept().filter(|(name, _)| *name != "from");
    let pairs: Vec<_> = others.map(|(name, value)| (name, value.to_owned())).chain([from]).collect();
    serde_urlencoded::to_string(pairs).unwrap_or_default()
}

impl PoliciesPage {
    /// Whether a method is chosen.
    fn is_chosen(&self, method: &str) -> bool {
        self.form.given("method").unwrap_or("GET").eq_ignore_ascii_case(method)
    }
}
