//! The console's cookies (RFC 6265).

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use std::sync::{Arc, OnceLock};

/// A cookie of the console. No script can read one, no other site can make a browser send one, and none leaves TLS but on this machine.
#[derive(Clone, Copy)]
pub(crate) enum Cookie {
    /// The session.
    Session,
    /// That its holder has proved a moment ago who it is.
    Proof,
    /// A visit before somebody has signed in.
    Visit,
}

impl Cookie {
    const fn name(self) -> &'static str {
        match self {
            Self::Session => "titan_console",
            Self::Proof => "titan_console_proof",
            Self::Visit => "titan_console_visit",
        }
    }

    /// Its value in a request. One that is there twice is none: another site of the same domain may have added it.
    pub(crate) fn find(self, headers: &HeaderMap) -> Option<&str> {
        // As bytes: another application of this host may have cookies that are no ASCII.
        let pairs =
            headers.get_all(COOKIE).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
        let mut values = pairs
            .filter_map(|pair| pair.trim_ascii().strip_prefix(self.name().as_bytes())?.strip_prefix(b"="));
        let value = values.next().filter(|value| !value.is_empty() && values.next().is_none());
        value.and_then(|value| str::from_utf8(value).ok())
    }

    /// `Set-Cookie` for as long as the browser runs.
    pub(crate) fn set(self, value: &str) -> HeaderValue {
        self.header(value, "")
    }

    /// `Set-Cookie` that removes it.
    pub(crate) fn clear(self) -> HeaderValue {
        self.header("", "; Max-Age=0")
    }

    fn header(self, value: &str, end: &str) -> HeaderValue {
        let text =
            format!("{}={value}; Path={}; HttpOnly; Secure; SameSite=Strict{end}", self.name(), crate::PATH);
        // Every value is base64url.
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
    }
}

/// A cookie that a request has earned, for its answer: whatever becomes of what else it was to do.
#[derive(Clone, Default)]
pub(crate) struct NewCookie(Arc<OnceLock<HeaderValue>>);

impl NewCookie {
    /// Another one of the same request is as good: the first stays.
    pub(crate) fn set(&self, cookie: HeaderValue) {
        let _ = self.0.set(cookie);
    }

    /// `Set-Cookie`, if there is one.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        self.0.get().cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        Cookie::Session.find(&headers).map(str::to_owned)
    }

    #[test]
    fn a_cookie_is_found_among_others_and_only_alone() {
        assert_eq!(find(&["a=b; titan_console=x; titan_console_proof=y"]).as_deref(), Some("x"));
        assert_eq!(find(&["a=b", "titan_console=x"]).as_deref(), Some("x"));
        assert_eq!(find(&["titan_console=x; titan_console=y"]), None);
        assert_eq!(find(&["titan_console=x", "titan_console=x"]), None);
        assert_eq!(find(&["titan_console="]), None);
        assert_eq!(find(&["xtitan_console=x"]), None);
        assert_eq!(find(&[]), None);
        assert_eq!(find(&["a=é; titan_console=x"]).as_deref(), Some("x"));
    }

    #[test]
    fn scripts_and_other_sites_have_no_use_of_it() {
        let set = Cookie::Session.set("x");
        assert_eq!(set, "titan_console=x; Path=/console; HttpOnly; Secure; SameSite=Strict");
        assert!(Cookie::Proof.clear().to_str().unwrap().ends_with("; Max-Age=0"));
    }
}
