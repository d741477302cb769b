//! Which part answers a path at a port.

use titan_edge::Proxy;
use titan_edge::envoy::CHECK;
use titan_edge::metrics;

/// What the operator uses: it goes to the control plane's own port, if it has one.
const CONTROL: [&str; 7] = [
    "/admin",
    "/auth",
    "/docs",
    "/envoy.service.auth.v3.Authorization",
    "/metrics",
    "/oauth2",
    "/openapi.json",
];
/// What callers use: always on the public port.
const PUBLIC: [&str; 7] = [
    "/.well-known/jwks.json",
    "/api/account",
    "/api/api-keys",
    "/api/client-tokens",
    "/api/v1/api-keys",
    "/api/v1/auth",
    "/api/v1/members",
];
/// What whoever runs the program asks: on every port.
pub(super) const HEALTH: [&str; 2] = ["/health/live", "/health/ready"];

/// Which port a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Port {
    /// The control plane's own.
    Control,
    /// That of metrics: nobody there shows a credential, and nothing else is served.
    Metrics,
    /// The only one.
    Only,
    /// The public one beside a control plane's.
    Public,
}

impl Port {
    /// Whether its connections count for no address: the port has few places, and they are its own.
    pub(crate) fn has_own_places(self) -> bool {
        matches!(self, Self::Control | Self::Metrics)
    }
}

pub(super) enum Part {
    /// Envoy asks over gRPC.
    Check,
    Console,
    ControlPlane,
    ForwardAuth(Proxy),
    Gateway,
    /// The metrics, without a credential.
    Metrics,
    Nothing,
    Verify,
}

impl Part {
    /// Its name in the metrics.
    pub(super) fn counted(&self) -> metrics::Part {
        match self {
            Self::Console | Self::ControlPlane | Self::Metrics | Self::Nothing => metrics::Part::ControlPlane,
            Self::Check | Self::ForwardAuth(_) => metrics::Part::ForwardAuth,
            Self::Gateway => metrics::Part::Gateway,
            Self::Verify => metrics::Part::Verify,
        }
    }
}

/// The part that answers a path.
pub(super) fn at(path: &str, port: Port, has_console: bool) -> Part {
    let proxy = Proxy::at(path);
    let is_console = has_console && is_below(path, titan_console::PATH);
    let is_control = is_console || CONTROL.iter().any(|prefix| is_below(path, prefix));
    let is_health = HEALTH.contains(&path);
    let is_public = PUBLIC.iter().any(|prefix| is_below(path, prefix)) || is_client_rules(path);
    match (port, proxy) {
        (Port::Metrics, _) if path == "/metrics" => Part::Metrics,
        (Port::Metrics, _) => Part::Nothing,
        (Port::Public, _) if is_control => Part::Gateway,
        (Port::Control, _) if !is_control && !is_health => Part::Nothing,
        (_, Some(proxy)) => Part::ForwardAuth(proxy),
        _ if path == CHECK => Part::Check,
        _ if path == "/auth/verify" => Part::Verify,
        _ if is_console => Part::Console,
        _ if is_control || is_health || is_public => Part::ControlPlane,
        _ => Part::Gateway,
    }
}

/// Whether Titan itself answers a path at this port of callers, so that no upstream gets it.
pub(crate) fn is_own(path: &str, port: Port, has_console: bool) -> bool {
    !matches!(at(path, port, has_console), Part::Gateway)
}

/// `/api/sessions/{session}/client-rules`: beside what the upstream has of a session.
fn is_client_rules(path: &str) -> bool {
    let session = path.strip_prefix("/api/sessions/").and_then(|rest| rest.strip_suffix("/client-rules"));
    session.is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
