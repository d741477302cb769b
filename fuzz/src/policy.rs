//! Policy files and request paths.

use std::sync::LazyLock;
use titan_core::access::Catalogue;
use titan_core::policy::{Default, Policy, PolicySet, Problem, RequestPath, Route, Verdict};

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
    let Some(plain) = decoded(raw) else { panic!("an accepted path decodes") };
    has_one_reading(raw, &plain);
    assert_eq!(RequestPath::parse(&plain.replace('%', "%25")), Ok(path.clone()), "decoded once for all");
    let plain = plain.strip_suffix('/').unwrap_or(&plain);
    is_right(&OPEN, method, &path, plain);
    is_right(&CLOSED, method, &path, plain);
}

/// Any text as a policy file: every mistake has a line of it, and every route is found by its own path and
/// by none of its other spellings let through.
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

/// No server on the way could read another path: one that resolves dots, merges slashes, decodes again, ends
/// at `;` or NUL, or takes `\` for a slash.
fn has_one_reading(raw: &str, plain: &str) {
    assert!(plain.starts_with('/'));
    assert!(
        !plain.contains("//") && !plain.contains(['\\', ';']) && !plain.contains(char::is_control),
        "{plain}"
    );
    assert!(!plain.split('/').any(|segment| segment == "." || segment == ".."), "{plain}");
    assert_eq!(plain.matches('/').count(), raw.matches('/').count(), "{raw}");
    assert!(plain.split('%').skip(1).all(|piece| escape(piece).is_none()), "{raw} is encoded twice");
}

/// What the set says of a path, against its list of routes read one by one. `plain` has no slash at its end.
fn is_right(set: &PolicySet, method: &str, path: &RequestPath<'_>, plain: &str) {
    let policy = &set.policies()[0];
    let method = if method == "HEAD" { "GET" } else { method };
    let takes = |route: &Route| route.methods.iter().any(|m| m == method) && names(&route.path, plain, same);
    let is_spelling = |route: &Route| names(&route.path, plain, same_but_for_case);
    match set.decide(method, path).0 {
        Verdict::Route(route) => {
            assert!(takes(route), "{} for {method} {plain}", route.path);
            has_its_session(route, path, plain);
        }
        Verdict::Authenticated => {
            assert_eq!(policy.default, Default::Authenticated);
            assert!(!policy.routes.iter().any(is_spelling), "{method} {plain} is given the default");
        }
        Verdict::Refused => {
            assert!(!policy.routes.iter().any(takes), "{method} {plain} is refused");
            assert!(
                policy.default == Default::Deny || policy.routes.iter().any(is_spelling),
                "{method} {plain}"
            );
        }
    }
}

/// In the routes above every session is the second segment.
fn has_its_session(route: &Route, path: &RequestPath<'_>, plain: &str) {
    let expected = route.session.as_ref().and_then(|_| plain.split('/').nth(2));
    assert_eq!(route.session_in(path), expected);
}

/// Whether a pattern names a path, with literals compared by `is_literal`. Both begin with a slash; the root
/// alone is a path with nothing behind it, and has lost even the slash.
fn names(pattern: &str, plain: &str, is_literal: fn(&str, &str) -> bool) -> bool {
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
    a.to_lowercase() == b.to_lowercase()
}

/// A path that the route's own pattern spells is the route's, and other spellings of it are at least not let
/// through as if no route named them.
fn is_found(set: &PolicySet, route: &Route) {
    let plain = example(&route.path);
    for method in &route.methods {
        let verdict = |raw: &str| match RequestPath::parse(raw) {
            Ok(path) => set.decide(method, &path).0,
            Err(error) => panic!("{raw}, which {} names: {error}", route.path),
        };
        for raw in [plain.clone(), encoded(&plain), format!("{}/", plain.trim_end_matches('/'))] {
            assert!(matches!(verdict(&raw), Verdict::Route(_)), "{method} {raw}");
        }
        for raw in [plain.to_ascii_uppercase(), plain.to_ascii_lowercase()] {
            assert!(!matches!(verdict(&raw), Verdict::Authenticated), "{method} {raw}");
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
