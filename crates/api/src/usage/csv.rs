//! Answers as CSV (RFC 4180).

use super::view::PointView;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use std::borrow::Cow;

const TYPE: &str = "text/csv; charset=utf-8; header=present";
const FILE: &str = "attachment; filename=\"usage.csv\"";
const HEAD: &str = "at,label,requests,allowed,refused,upstream_errors,aborted,bytes_in,bytes_out,seconds\r\n";

/// A line for each point.
pub(super) fn response(points: &[PointView]) -> Response {
    let mut text = HEAD.to_owned();
    for point in points {
        line(&mut text, point);
    }
    let headers = [(CONTENT_TYPE, TYPE), (CONTENT_DISPOSITION, FILE), (CACHE_CONTROL, "no-store")];
    (headers, text).into_response()
}

fn line(out: &mut String, point: &PointView) {
    let label = point.label.as_deref().unwrap_or_default();
    out.push_str(&point.at);
    out.push(',');
    out.push_str(&cell(label));
    let PointView { requests, allowed, refused, upstream_errors, aborted, bytes_in, bytes_out, .. } = point;
    for number in [requests, allowed, refused, upstream_errors, aborted, bytes_in, bytes_out] {
        out.push(',');
        out.push_str(&number.to_string());
    }
    out.push_str(&format!(",{:.6}\r\n", point.seconds));
}

/// A text as a cell. A program for tables would run one that begins like a formula: it gets an apostrophe before it.
fn cell(text: &str) -> Cow<'_, str> {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if !is_formula && !text.contains([',', '"', '\r', '\n']) {
        return Cow::Borrowed(text);
    }
    let apostrophe = if is_formula { "'" } else { "" };
    Cow::Owned(format!("\"{apostrophe}{}\"", text.replace('"', "\"\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_never_two_cells() {
        for (text, shown) in [
            ("/api/sessions/{session}", "/api/sessions/{session}"),
            ("=1+1", "\"'=1+1\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("a,b", "\"a,b\""),
            ("say \"x\"\n", "\"say \"\"x\"\"\n\""),
            ("", ""),
        ] {
            assert_eq!(cell(text), shown);
        }
    }
}
