//! Reading an access log, in both of its formats.

use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The fields of a line, in their order.
pub(crate) const FIELDS: [&str; 16] = [
    "time",
    "method",
    "route",
    "status",
    "code",
    "key_id",
    "user",
    "tenant",
    "upstream",
    "upstream_ms",
    "total_ms",
    "bytes_in",
    "bytes_out",
    "client",
    "request_id",
    "aborted",
];

/// A file for a Titan's access log.
pub(crate) struct LogFile {
    folder: TempDir,
}

impl LogFile {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("access.log")
    }

    pub(crate) fn option(&self) -> String {
        self.path().display().to_string()
    }

    /// The lines, once so many of them are there.
    pub(crate) async fn lines(&self, count: usize) -> Vec<Value> {
        lines(&self.path(), count).await
    }

    /// The line of a request that carried this id.
    pub(crate) async fn line(&self, request_id: &str) -> Value {
        let began = Instant::now();
        loop {
            let lines = read(&self.path());
            if let Some(line) = lines.iter().find(|line| line["request_id"] == request_id) {
                return line.clone();
            }
            assert!(began.elapsed() < Duration::from_secs(20), "no line of {request_id} in {lines:#?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The lines of a file of either format, once so many of them are there.
pub(crate) async fn lines(path: &Path, count: usize) -> Vec<Value> {
    let began = Instant::now();
    loop {
        let lines = read(path);
        if lines.len() >= count {
            assert_eq!(lines.len(), count, "{lines:#?}");
            return lines;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{} of {count} lines: {lines:#?}", lines.len());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// All whole lines of a file.
pub(crate) fn read(path: &Path) -> Vec<Value> {
    parse(&std::fs::read_to_string(path).unwrap_or_default())
}

/// All whole lines of a text.
pub(crate) fn parse(text: &str) -> Vec<Value> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(line).collect()
}

fn line(line: &str) -> Value {
    let fields: Map<String, Value> = if line.starts_with('{') {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
    } else {
        named_values(line)
    };
    // `Map` is sorted: the order is that of the text.
    let places: Vec<_> = FIELDS.iter().map(|name| place(line, name)).collect();
    assert!(places.is_sorted() && fields.len() == FIELDS.len(), "fields or their order: {line}");
    Value::Object(fields)
}

fn place(line: &str, name: &str) -> Option<usize> {
    let (json, text) = (format!("\"{name}\":"), format!("{name}="));
    let place = if line.starts_with('{') { line.find(&json) } else { line.find(&text) };
    assert!(place.is_some(), "no {name} in {line}");
    place
}

/// `name=value name="a JSON string" name=-`
fn named_values(mut rest: &str) -> Map<String, Value> {
    let mut fields = Map::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').unwrap_or_else(|| panic!("no name in {rest}"));
        let (value, after) = value(after);
        assert!(fields.insert(name.to_owned(), value).is_none(), "{name} twice");
        rest = after.strip_prefix(' ').unwrap_or(after);
    }
    fields
}

fn value(text: &str) -> (Value, &str) {
    if text.starts_with('"') {
        let mut values = serde_json::Deserializer::from_str(text).into_iter();
        let value = values.next().unwrap().unwrap();
        return (value, &text[values.byte_offset()..]);
    }
    let (word, rest) = text.split_at(text.find(' ').unwrap_or(text.len()));
    let value = match word {
        "-" => Value::Null,
        word => serde_json::from_str(word).unwrap_or_else(|_| word.into()),
    };
    (value, rest)
}
