//! Policy files and request paths.

use std::sync::LazyLock;
use titan_core::access::Catalogue;
use titan_core::policy::{Default, Policy, PolicySet, Problem, RequestPath, Route, Source, Verdict};

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| match Catalogue::new([]) {
    Ok(catalogue) => catalogue,
    Err(error) => unreachable!("the shipped scopes: {error}"),
});
/// Literals before parameters before the rest, two spellings of one word, and letters beyond ASCII.
const ROUTES: &str = r#"
name = "fuzz"
route = [
    { methods = ["GET"], path = "/" },
    { methods = ["GET", "POST"], path = "/Keys" },
    { methods = ["DELETE"], path = "/keys" },
    { methods = ["GET"], path = "/admin/{x}", scope = "keys:manage", session = "path:x" },
    { methods = ["PUT"], path = "/admin/{x}/users" },
    { methods = ["GET"], path = "/admin/all/users" },
    { methods = ["GET"], path = "/files/{*rest}" },
    { methods = ["POST"], path = "/files/{name}/Lock" },
    { methods = ["GET"], path = "/{tenant}/{session}/qr", session = "path:session" },
    { methods = ["GET"], path = "/Ключи/é" },
    { methods = ["GET"], path = "/Straße/ΑΣ" },
]
"#;
static OPEN: LazyLock<PolicySet> = LazyLock::new(|| routes(Default::Authenticated));
static CLOSED: LazyLock<PolicySet> = LazyLock::new(|| routes(Default::Deny));

/// A path, or a method, a space and a path: an accepted path has one reading, and a spelling of a path that
/// a route names is never given the default.
pub fn policy_path(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let (method, raw) = text.split_once(' ').unwrap_or(("GET", text));
    let Ok(path) = RequestPath::parse(raw) else { return };
    has_one_reading(raw, &path);
    is_right(&OPEN, method, &path);
    is_right(&CLOSED, method, &path);
}

/// Any text as a policy file: every mistake has a line of it, and of the spellings of every route's path the
/// set says what its routes say.
pub fn policy_file(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let lines = text.matches('\n').count() + 1;
    let mut policy = match Policy::parse("fuzz", text, &CATALOGUE) {
        Ok(policy) => policy,
        Err(problems) => return are_placed(&problems, "fuzz", lines),
    };
    assert!(policy.routes.iter().all(|route| (1..=lines).contains(&route.line)));
    policy.default = Default::Authenticated;
    let name = policy.name.clone();
    let set = match PolicySet::new(vec![policy]) {
        Ok(set) => set,
        Err(problems) => return are_placed(&problems, &name, lines),
    };
    for route in &set.policies()[0].routes {
        is_found(&set, route);
    }
}

fn routes(default: Default) -> PolicySet {
    let policy = Policy::parse("fuzz", ROUTES, &CATALOGUE).map(|policy| Policy { default, ..policy });
    match policy.and_then(|policy| PolicySet::new(vec![policy])) {
        Ok(set) => set,
        Err(problems) => unreachable!("{problems:?}"),
    }
}

fn are_placed(problems: &[Problem], name: &str, lines: usize) {
    assert!(!problems.is_empty());
    for problem in problems {
        assert_eq!(problem.policy, name);
        assert!((1..=lines).contains(&problem.line), "{problem} of {lines} lines");
        assert!(!problem.message.is_empty());
    }
}

/// RFC 3986, 2.1, read a second time.
fn decoded(raw: &str) -> Option<String> {
    let mut pieces = raw.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        bytes.push(escape(piece)?);
        bytes.extend_from_slice(&piece.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok()
}

/// What stands behind a percent sign.
fn escape(piece: &str) -> Option<u8> {
    let digits = piece.get(..2).filter(|digits| digits.bytes().all(|c| c.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

/// No server on the way could read another path: one that resolves dots, merges slashes, decodes again or not
/// at all, ends at `;` or NUL, or takes `\` for a slash.
fn has_one_reading(raw: &str, path: &RequestPath<'_>) {
    let plain = path.as_str();
    assert_eq!(decoded(raw).as_deref(), Some(plain));
    assert!(plain.starts_with('/'));
    assert!(!plain.contains("//") && !plain.contains(['\\', ';']), "{plain}");
    assert!(!plain.contains(char::is_control), "{plain}");
    assert!(!plain.split('/').any(|segment| segment == "." || segment == ".."), "{plain}");
    assert_eq!(plain.matches('/').count(), raw.matches('/').count(), "{raw}");
    assert!(escapes(plain).next().is_none(), "{raw} is encoded twice");
    let normal = path.normal();
    assert!(escapes(normal).all(|byte| !is_unreserved(byte)), "{normal}");
    assert_eq!(RequestPath::parse(normal), Ok(RequestPath::clone(path)), "{raw} is passed on as {normal}");
}

fn escapes(text: &str) -> impl Iterator<Item = u8> {
    text.split('%').skip(1).filter_map(escape)
}

/// RFC 3986, 2.3
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// The set says of a path what its routes, read one by one, say.
fn is_right(set: &PolicySet, method: &str, path: &RequestPath<'_>) {
    let routes = &set.policies()[0].routes;
    let plain = path.as_str().strip_suffix('/').unwrap_or(path.as_str());
    let verdict = set.decide(method, path).0;
    let method = if method == "HEAD" { "GET" } else { method };
    match (best(routes, method, plain, same), best(routes, method, plain, same_but_for_case)) {
        (Some(one), Some(other)) if std::ptr::eq(one, other) => {
            assert!(matches!(verdict, Verdict::Route(route) if std::ptr::eq(route, one)), "{method} {plain}");
            assert_eq!(one.session_in(path), session(one, plain));
        }
        // An upstream that does not mind the case would serve another route.
        (Some(_), _) => assert!(matches!(verdict, Verdict::Refused), "{method} {plain} has two readings"),
        (None, _) => {
            let is_named = routes.iter().any(|route| names(&route.path, plain, same_but_for_case));
            let is_open = set.policies()[0].default == Default::Authenticated && !is_named;
            assert_eq!(matches!(verdict, Verdict::Authenticated), is_open, "{method} {plain}");
            assert_eq!(matches!(verdict, Verdict::Refused), !is_open, "{method} {plain}");
        }
    }
}

type IsLiteral = fn(&str, &str) -> bool;

/// The most specific of the routes that take a request: from the left, a literal goes before a parameter and
/// that before the rest.
fn best<'a>(routes: &'a [Route], method: &str, plain: &str, is_literal: IsLiteral) -> Option<&'a Route> {
    let takes =
        |route: &&Route| route.methods.iter().any(|m| m == method) && names(&route.path, plain, is_literal);
    routes.iter().filter(takes).min_by_key(|route| route.path.split('/').map(vagueness).collect::<Vec<_>>())
}

fn vagueness(segment: &str) -> u8 {
    match (segment.starts_with("{*"), segment.starts_with('{')) {
        (false, false) => 0,
        (false, true) => 1,
        (true, _) => 2,
    }
}

/// The segment of the path that stands where the pattern has the parameter.
fn session<'a>(route: &Route, plain: &'a str) -> Option<&'a str> {
    let Some(Source::Path(name)) = &route.session else { return None };
    let parameter = format!("{{{name}}}");
    let place = route.path.split('/').position(|segment| segment == parameter)?;
    plain.split('/').nth(place)
}

/// Whether a pattern names a path, with literals compared by `is_literal`. Both begin with a slash; the root
/// alone is a path with nothing behind it, and has lost even the slash.
fn names(pattern: &str, plain: &str, is_literal: IsLiteral) -> bool {
    if pattern == "/" || plain.is_empty() {
        return pattern == "/" && plain.is_empty();
    }
    let (mut wanted, mut given) = (pattern.split('/'), plain.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(segment), Some(_)) if segment.starts_with("{*") => return true,
            (Some(segment), Some(value)) if segment.starts_with('{') || is_literal(segment, value) => {}
            _ => return false,
        }
    }
}

fn same(a: &str, b: &str) -> bool {
    a == b
}

fn same_but_for_case(a: &str, b: &str) -> bool {
    let fold = |text: &str| -> String {
        let lower = text.chars().flat_map(char::to_lowercase);
        lower.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
    };
    fold(a) == fold(b)
}

/// What a route's own pattern spells, in several ways, and the root, which no parameter takes.
fn is_found(set: &PolicySet, route: &Route) {
    let plain = example(&route.path);
    let spellings = [
        encoded(&plain),
        format!("{}/", plain.trim_end_matches('/')),
        plain.to_lowercase(),
        plain.to_uppercase(),
        plain,
        "/".to_owned(),
    ];
    for raw in spellings {
        let Ok(path) = RequestPath::parse(&raw) else { panic!("{raw}, which {} names", route.path) };
        for method in &route.methods {
            is_right(set, method, &path);
        }
    }
}

/// `/a/{x}/{*rest}` is the pattern of `/a/x/x`.
fn example(pattern: &str) -> String {
    let segments = pattern.split('/').map(|segment| if segment.starts_with('{') { "x" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// Every byte as an escape, but for the slashes.
fn encoded(plain: &str) -> String {
    let spell = |byte| if byte == b'/' { "/".to_owned() } else { format!("%{byte:02X}") };
    plain.bytes().map(spell).collect()
}
