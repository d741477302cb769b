//! A record as a line: JSON, or `name=value` (logfmt).
//!
//! Both have the same fields in the same order; `docs/logging.md` lists them. The code appends text piece by piece,
//! because `format!` would more than double the time for a line.

use crate::config::LogFormat;
use crate::telemetry::loggable;
use itoa::Buffer;
use std::time::Duration;
use titan_core::time::Timestamp;
use titan_edge::access_log::{Abort, Holder, Record};

/// The name of a field with the characters before and after it, in both formats.
#[derive(Clone, Copy)]
struct Name {
    json: &'static str,
    text: &'static str,
}

macro_rules! name {
    ($name:literal) => {
        Name { json: concat!(",\"", $name, "\":"), text: concat!(" ", $name, "=") }
    };
}

/// Writes lines of one format.
pub(super) struct LineWriter {
    format: LogFormat,
    /// The second of the previous line, and its text. Most lines have the same second as the previous one.
    second: Timestamp,
    second_text: String,
}

impl LineWriter {
    pub(super) fn new(format: LogFormat) -> Self {
        let second = Timestamp::from_secs(0);
        Self { format, second, second_text: second.to_string() }
    }

    /// Appends one line, with its line break.
    pub(super) fn write(&mut self, out: &mut String, record: &Record, began: Timestamp) {
        self.read_second(began);
        let mut line = Line { out, format: self.format };
        line.time(self.second_text.trim_end_matches('Z'), began.ms().rem_euclid(1000).unsigned_abs());
        line.word(name!("method"), Some(record.method.as_ref().map_or("_OTHER", |method| method.as_str())));
        line.text(name!("route"), record.route.as_deref());
        line.number(name!("status"), record.status);
        line.word(name!("code"), record.code);
        let holder = record.holder;
        line.word(name!("key_id"), holder.and_then(Holder::key).map(|key| key.to_string()).as_deref());
        line.word(name!("user"), holder.and_then(Holder::user).map(|user| user.to_string()).as_deref());
        line.number(name!("tenant"), holder.map(|holder| holder.tenant().0));
        line.text(name!("upstream"), record.upstream.as_ref().map(|upstream| upstream.name()));
        line.milliseconds(name!("upstream_ms"), record.upstream_time);
        line.milliseconds(name!("total_ms"), Some(record.total_time));
        line.number(name!("bytes_in"), Some(record.bytes_in));
        line.number(name!("bytes_out"), Some(record.bytes_out));
        line.word(name!("client"), Some(&record.client.to_string()));
        line.text(name!("request_id"), Some(loggable(record.request_id.as_str())));
        line.word(name!("aborted"), record.aborted.map(Abort::name));
        line.end();
    }

    fn read_second(&mut self, time: Timestamp) {
        if self.second != time.whole_seconds() {
            self.second = time.whole_seconds();
            self.second_text = self.second.to_string();
        }
    }
}

/// A line that is being written.
struct Line<'a> {
    out: &'a mut String,
    format: LogFormat,
}

impl Line<'_> {
    /// Appends the first field.
    fn time(&mut self, second: &str, ms: u64) {
        let (before, after) = self.choose(("{\"time\":\"", "Z\""), ("time=", "Z"));
        self.push(&[before, second, "."]);
        self.thousandths(ms);
        self.push(&[after]);
    }

    fn number(&mut self, name: Name, value: Option<impl Into<u64>>) {
        self.name(name);
        match value {
            Some(value) => self.push(&[Buffer::new().format(value.into())]),
            None => self.null(),
        }
    }

    /// Milliseconds with three decimal places.
    fn milliseconds(&mut self, name: Name, value: Option<Duration>) {
        self.name(name);
        let Some(value) = value else { return self.null() };
        self.push(&[Buffer::new().format(value.as_millis()), "."]);
        self.thousandths(u64::from(value.subsec_micros() % 1000));
    }

    /// Appends three digits.
    fn thousandths(&mut self, value: u64) {
        let zeros = if value < 10 {
            "00"
        } else if value < 100 {
            "0"
        } else {
            ""
        };
        self.push(&[zeros, Buffer::new().format(value)]);
    }

    /// Appends a value without spaces, quotes and `=`, which therefore needs no escape.
    fn word(&mut self, name: Name, value: Option<&str>) {
        self.name(name);
        let quote = self.choose("\"", "");
        match value {
            Some(value) => self.push(&[quote, value, quote]),
            None => self.null(),
        }
    }

    /// Appends any text. It is a JSON string in both formats, so that no part of it can look like another field or line.
    fn text(&mut self, name: Name, value: Option<&str>) {
        self.name(name);
        match value {
            Some(value) if is_plain(value) => self.push(&["\"", value, "\""]),
            Some(value) => self.push(&[&serde_json::Value::from(value).to_string()]),
            None => self.null(),
        }
    }

    fn name(&mut self, name: Name) {
        self.push(&[self.choose(name.json, name.text)]);
    }

    fn null(&mut self) {
        self.push(&[self.choose("null", "-")]);
    }

    fn end(mut self) {
        self.push(&[self.choose("}\n", "\n")]);
    }

    fn choose<T>(&self, json: T, text: T) -> T {
        match self.format {
            LogFormat::Json => json,
            LogFormat::Text => text,
        }
    }

    fn push(&mut self, parts: &[&str]) {
        for part in parts {
            self.out.push_str(part);
        }
    }
}

/// Whether a text needs no escapes in a JSON string.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, HeaderValue, Method};
    use std::net::Ipv6Addr;
    use std::sync::Arc;
    use std::time::Instant;
    use titan_core::policy::PolicySet;
    use titan_edge::access_log::{AccessLog, Entry, Sinks};
    use titan_edge::upstream::{Address, TlsSettings, Upstream};
    use titan_token::TenantId;

    const BEGAN: Timestamp = Timestamp::from_ms(1_795_514_400_007);

    fn record(id: &'static str) -> Record {
        let log = Arc::new(AccessLog::new());
        let sinks = Sinks { log: Some(Arc::clone(&log)), usage: None };
        let (client, id) = (Ipv6Addr::LOCALHOST.into(), HeaderValue::from_static(id));
        drop(Entry::begin(&sinks, Instant::now(), &Method::GET, client, &id, &HeaderMap::new()));
        let mut record = log.take().unwrap();
        record.total_time = Duration::from_micros(12_034);
        record
    }

    fn line(record: &Record, format: LogFormat) -> String {
        let mut out = String::new();
        LineWriter::new(format).write(&mut out, record, BEGAN);
        out
    }

    /// The examples of docs/logging.md.
    #[test]
    fn a_line_with_all_fields() {
        let mut record = record("8c1f9a6e0b7d4c52-1f");
        record.route = Some("/api/sessions/{session}".into());
        record.status = Some(200);
        let key = "key_01jt5vfjg0frvt5patj9q544hw".parse().unwrap();
        record.holder = Some(Holder::Key(key, TenantId(7)));
        let policies = PolicySet::new(Vec::new()).map_err(|_| "policy").unwrap();
        let address = Address::parse("http://127.0.0.1:3000", &TlsSettings::default()).unwrap();
        record.upstream = Some(Arc::new(Upstream::new(address, &[], policies).unwrap()));
        record.upstream_time = Some(Duration::from_micros(1_500));
        record.bytes_out = 512;
        record.aborted = None;
        let json = r#"{"time":"2026-11-24T10:00:00.007Z","method":"GET","route":"/api/sessions/{session}","status":200,"code":null,"key_id":"key_01jt5vfjg0frvt5patj9q544hw","user":null,"tenant":7,"upstream":"http://127.0.0.1:3000","upstream_ms":1.500,"total_ms":12.034,"bytes_in":0,"bytes_out":512,"client":"::1","request_id":"8c1f9a6e0b7d4c52-1f","aborted":null}"#;
        let text = r#"time=2026-11-24T10:00:00.007Z method=GET route="/api/sessions/{session}" status=200 code=- key_id=key_01jt5vfjg0frvt5patj9q544hw user=- tenant=7 upstream="http://127.0.0.1:3000" upstream_ms=1.500 total_ms=12.034 bytes_in=0 bytes_out=512 client=::1 request_id="8c1f9a6e0b7d4c52-1f" aborted=-"#;
        assert_eq!(line(&record, LogFormat::Json), format!("{json}\n"));
        assert_eq!(line(&record, LogFormat::Text), format!("{text}\n"));
    }

    #[test]
    fn nothing_in_a_text_can_look_like_another_field_or_line() {
        let mut record = record(r#"a"b\c"#);
        record.route = Some("/a b\n\u{1b}[0m\"=".into());
        let text = line(&record, LogFormat::Text);
        let route = r#" route="/a b\n\u001b[0m\"=" status="#;
        assert!(text.contains(route), "{text}");
        assert!(text.contains(r#" request_id="a\"b\\c" aborted=client"#), "{text}");
        assert!(text.bytes().filter(u8::is_ascii_control).eq([b'\n']), "one line: {text}");
    }

    #[test]
    fn each_second_is_written_as_itself() {
        let mut out = String::new();
        let mut lines = LineWriter::new(LogFormat::Text);
        for ms in [0, 999, 1000, 61_001] {
            lines.write(&mut out, &record("a"), Timestamp::from_ms(1_795_514_400_000 + ms));
        }
        let times: Vec<&str> = out.lines().map(|line| &line[16..29]).collect();
        assert_eq!(times, ["10:00:00.000Z", "10:00:00.999Z", "10:00:01.000Z", "10:01:01.001Z"]);
    }
}
