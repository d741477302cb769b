//! Requests that two servers may read differently are not passed on.

use http::header::{CONTENT_LENGTH, HOST, MAX_FORWARDS, TRANSFER_ENCODING};
use http::{Method, Request};
use titan_core::Error;

/// One host, one length, a target that is a path.
///
/// - `Host` twice, or another one in an absolute target: the upstream may believe the other (RFC 9112, 3.2).
/// - `Content-Length` beside `Transfer-Encoding`: request smuggling (RFC 9112, 6.1). hyper has settled that for
///   HTTP/1 before we see it: the length is dropped, and the connection closed behind the answer. This holds
///   should it ever not.
/// - `CONNECT` makes a tunnel, which no policy can look into. `TRACE` shows the request as it arrived, identity
///   headers included (RFC 9110, 9.3.8).
/// - `Max-Forwards: 0` asks the gateway itself (RFC 9110, 7.6.2), which has nothing to say.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), Error> {
    let headers = request.headers();
    if [Method::CONNECT, Method::TRACE].contains(request.method()) {
        return Err(Error::invalid(format!("method: {} is not supported", request.method())));
    }
    if request.method() == Method::OPTIONS && headers.get(MAX_FORWARDS).is_some_and(|value| value == "0") {
        return Err(Error::invalid("Max-Forwards: is 0, and the request would have to be forwarded"));
    }
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(Error::invalid("Host: must be sent only once"));
    }
    if let (Some(authority), Some(host)) = (request.uri().authority(), host)
        && !authority.as_str().as_bytes().eq_ignore_ascii_case(host.as_bytes())
    {
        return Err(Error::invalid("Host: contradicts the request target"));
    }
    if headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH) {
        return Err(Error::invalid("Content-Length: must not be sent with Transfer-Encoding"));
    }
    if headers.get_all(CONTENT_LENGTH).iter().count() > 1 {
        return Err(Error::invalid("Content-Length: must be sent only once"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(target: &str, headers: &[(&str, &str)]) -> Result<(), String> {
        let mut request = Request::builder().uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&request.body(()).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn one_host_one_length_one_target() {
        assert!(verdict("/a", &[("host", "a")]).is_ok());
        assert!(verdict("http://A/x", &[("host", "a")]).is_ok());
        assert!(verdict("http://b/x", &[("host", "a")]).is_err());
        assert!(verdict("/a", &[("host", "a"), ("host", "a")]).is_err());
        assert!(verdict("/a", &[("content-length", "1"), ("transfer-encoding", "chunked")]).is_err());
        assert!(verdict("/a", &[("content-length", "1"), ("content-length", "1")]).is_err());
        for method in ["CONNECT", "TRACE"] {
            let request = Request::builder().method(method).uri("a:1").body(()).unwrap();
            assert!(check(&request).is_err(), "{method}");
        }
    }
}
