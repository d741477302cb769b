//! `titan policy check|explain`

use super::ConfigFile;
use crate::config::{SHIPPED, policy_text};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use titan_core::access::Catalogue;
use titan_core::policy::{Policy, PolicySet, RequestPath, Route, SessionEvent, Verdict};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Check a policy. Shows each mistake with its line
    Check(Check),
    /// Show what a request needs to pass
    Explain(Explain),
    /// List the policies that ship with Titan
    List,
}

#[derive(Args)]
pub(super) struct Check {
    /// A policy file, or the name of a policy that ships with Titan
    policy: String,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Args)]
pub(super) struct Explain {
    /// A policy file, or the name of a policy that ships with Titan
    policy: String,
    /// The method of the request, such as GET
    method: String,
    /// The path of the request, as a client sends it
    path: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

impl Command {
    pub(super) fn run(self) -> Result<()> {
        match self {
            Self::Check(check) => check.run(),
            Self::Explain(explain) => explain.run(),
            Self::List => {
                for (name, _) in SHIPPED {
                    println!("{name}");
                }
                Ok(())
            }
        }
    }
}

impl Check {
    fn run(self) -> Result<()> {
        let set = read(&self.policy, &self.config)?;
        let routes: usize = set.policies().iter().map(|policy| policy.routes.len()).sum();
        println!("{} is good: {routes} routes.", self.policy);
        Ok(())
    }
}

impl Explain {
    fn run(self) -> Result<()> {
        let set = read(&self.policy, &self.config)?;
        let method = self.method.to_ascii_uppercase();
        let path = self.path.split_once('?').map_or(self.path.as_str(), |(path, _)| path);
        let request = format!("{method} {path}");
        let (text, json) = match RequestPath::parse(path) {
            Err(error) => (
                format!("refused with 400: {error}"),
                json!({ "decision": "refused", "reason": error.to_string() }),
            ),
            Ok(parsed) => match set.decide(&method, &parsed).0 {
                Verdict::Route(route) => (describe(route), to_json(route, &parsed)),
                Verdict::Authenticated => (
                    "no route names it; any valid key may pass".to_owned(),
                    json!({ "decision": "authenticated" }),
                ),
                Verdict::Refused => {
                    ("refused with 403: no route names it".to_owned(), json!({ "decision": "denied" }))
                }
            },
        };
        if self.json {
            println!("{}", serde_json::to_string_pretty(&json)?);
        } else {
            println!("{request}\n  {text}");
        }
        Ok(())
    }
}

/// Reads a policy with the scopes of the configuration, where there is one.
fn read(name: &str, config: &ConfigFile) -> Result<PolicySet> {
    let scopes = config.load()?.scopes;
    let catalogue = Catalogue::new(scopes)?;
    let policy = Policy::parse(name, &policy_text(name)?, &catalogue);
    let set = policy.and_then(|policy| PolicySet::new(vec![policy]));
    set.or_else(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        bail!("{}", lines.join("\n"))
    })
}

fn describe(route: &Route) -> String {
    let scope = route.scope.as_ref().map_or("any valid key".to_owned(), |(_, name)| format!("scope {name}"));
    let mut text =
        format!("needs {scope}  (line {}: {} {})", route.line, route.methods.join(","), route.path);
    let optional = [
        ("counts toward the message limit", route.limit.is_some().then(String::new)),
        ("client-token action", route.action.clone()),
        ("session from", route.session.as_ref().map(ToString::to_string)),
        ("recipient from", route.recipient.as_ref().map(ToString::to_string)),
        ("counted by a license as", route.sessions.map(|event| event.name().to_owned())),
        ("if there is true at", route.sessions_if.as_ref().map(ToString::to_string)),
    ];
    for (what, value) in optional {
        if let Some(value) = value {
            text += &format!("\n  {what} {value}");
        }
    }
    text
}

fn to_json(route: &Route, path: &RequestPath<'_>) -> Value {
    json!({
        "decision": "route",
        "line": route.line,
        "methods": route.methods,
        "path": route.path,
        "scope": route.scope.as_ref().map(|(_, name)| name),
        "limit": route.limit.map(|_| "message"),
        "action": route.action,
        "session": route.session.as_ref().map(ToString::to_string),
        "sessionName": route.session_in(path),
        "recipient": route.recipient.as_ref().map(ToString::to_string),
        "sessions": route.sessions.map(SessionEvent::name),
        "sessionsIf": route.sessions_if.as_ref().map(ToString::to_string),
    })
}
