//! Long lists on standard output: printed page by page, so that only one page is in memory.

use super::client::Client;
use super::remote::Remote;
use super::table::Table;
use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;
use std::io::{self, ErrorKind, Write, stdout};

/// The length of a list without --limit.
const USUAL: usize = 100;
/// The most that Titan returns in one answer.
const MOST: usize = 1000;

/// How much of a list is shown.
#[derive(Args)]
pub(super) struct Extent {
    /// How many to show: 1 to 1000; with --all, how many in one request
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: Option<u16>,
    /// Show all, as they arrive
    #[arg(long)]
    all: bool,
}

impl Extent {
    /// Prints what a query finds: as JSON, or these rows.
    pub(super) fn print(
        &self,
        remote: &Remote,
        path: &str,
        query: &[(&'static str, String)],
        mut rows: impl Pages,
    ) -> Result<()> {
        let client = remote.client()?;
        if remote.json {
            self.stream(&client, path, query, &mut JsonArray::new(stdout()))
        } else {
            self.stream(&client, path, query, &mut rows)
        }
    }

    /// Requests one page after the other until there are enough or no more. Only one page is in memory.
    fn stream(
        &self,
        client: &Client,
        path: &str,
        query: &[(&'static str, String)],
        pages: &mut impl Pages,
    ) -> Result<()> {
        let mut missing = if self.all { usize::MAX } else { self.limit.map_or(USUAL, usize::from) };
        let at_once = self.limit.map_or(MOST, usize::from);
        let mut cursor = None;
        loop {
            let page = [("limit", Some(missing.min(at_once).to_string())), ("cursor", cursor)];
            let answer = client.get(path, &[query, &given(page)].concat())?;
            let items = answer.data.as_array().map(Vec::as_slice).context("Titan answered no list")?;
            if !pages.page(items)? {
                return Ok(());
            }
            missing = missing.saturating_sub(items.len());
            cursor = answer.next_cursor;
            if cursor.is_none() || missing == 0 {
                break;
            }
        }
        pages.end()?;
        if cursor.is_some() {
            eprintln!("There are more: --all shows them.");
        }
        Ok(())
    }
}

/// The parameters that have a value.
pub(super) fn given<const N: usize>(
    query: [(&'static str, Option<String>); N],
) -> Vec<(&'static str, String)> {
    query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// The output of a list.
pub(super) trait Pages {
    /// Prints a page. `false` means that the reader has closed the output (`| head`), which is not an error.
    fn page(&mut self, items: &[Value]) -> Result<bool>;

    /// Prints what comes after the last page.
    fn end(&mut self) -> Result<()>;
}

/// One JSON array, printed item by item.
pub(super) struct JsonArray<W> {
    output: W,
    is_empty: bool,
}

impl<W: Write> JsonArray<W> {
    pub(super) fn new(output: W) -> Self {
        Self { output, is_empty: true }
    }

    /// The same text as for the whole array.
    fn text(&mut self, items: &[Value]) -> Result<String> {
        let mut text = String::new();
        for item in items {
            text.push_str(if std::mem::take(&mut self.is_empty) { "[\n" } else { ",\n" });
            let item = serde_json::to_string_pretty(item)?;
            let lines = item.lines().map(|line| format!("  {line}")).collect::<Vec<_>>();
            text.push_str(&lines.join("\n"));
        }
        Ok(text)
    }
}

impl<W: Write> Pages for JsonArray<W> {
    fn page(&mut self, items: &[Value]) -> Result<bool> {
        let text = self.text(items)?;
        is_read(write(&mut self.output, &text))
    }

    fn end(&mut self) -> Result<()> {
        let end = if self.is_empty { "[]\n" } else { "\n]\n" };
        is_read(write(&mut self.output, end)).map(|_| ())
    }
}

/// A table. Each column is as wide as its widest cell until now.
pub(super) struct Rows<W, T> {
    output: W,
    nothing: &'static str,
    table: T,
    widths: Option<Vec<usize>>,
}

impl<W: Write, T: Fn(&[Value], bool) -> Result<Table>> Rows<W, T> {
    /// `table` creates the rows of a page and knows whether it is the first. `nothing` is the text for an empty list.
    pub(super) fn new(output: W, nothing: &'static str, table: T) -> Self {
        Self { output, nothing, table, widths: None }
    }
}

impl<W: Write, T: Fn(&[Value], bool) -> Result<Table>> Pages for Rows<W, T> {
    fn page(&mut self, items: &[Value]) -> Result<bool> {
        if items.is_empty() {
            return Ok(true);
        }
        let table = (self.table)(items, self.widths.is_none())?;
        let table = table.at_least(self.widths.as_deref().unwrap_or_default());
        self.widths = Some(table.widths());
        is_read(write(&mut self.output, &format!("{table}\n")))
    }

    fn end(&mut self) -> Result<()> {
        if self.widths.is_some() {
            return Ok(());
        }
        is_read(write(&mut self.output, &format!("{}\n", self.nothing))).map(|_| ())
    }
}

fn write(output: &mut impl Write, text: &str) -> io::Result<()> {
    output.write_all(text.as_bytes())?;
    output.flush()
}

fn is_read(written: io::Result<()>) -> Result<bool> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error).context("standard output"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn array(pages: &[Value]) -> String {
        let mut output = Vec::new();
        let mut array = JsonArray::new(&mut output);
        for page in pages {
            assert!(array.page(page.as_array().unwrap()).unwrap());
        }
        array.end().unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn parts_make_the_same_array_as_the_whole() {
        let whole = json!([{ "id": 1, "of": ["a"] }, { "id": 2 }, { "id": 3 }]);
        let parts = array(&[json!([whole[0], whole[1]]), json!([]), json!([whole[2]])]);
        assert_eq!(parts, format!("{}\n", serde_json::to_string_pretty(&whole).unwrap()));
        assert_eq!(array(&[]), "[]\n");
        assert_eq!(array(&[json!([])]), "[]\n");
    }

    #[expect(clippy::unnecessary_wraps, reason = "has the form of the tables that may meet a bad row")]
    fn table(items: &[Value], is_first: bool) -> Result<Table> {
        let start = if is_first { Table::headed(["A", "B"]) } else { Table::default() };
        Ok(items.iter().fold(start, |table, item| table.row([item.as_str().unwrap(), "x"])))
    }

    #[test]
    fn columns_stay_where_the_first_part_put_them_and_only_get_wider() {
        let mut output = Vec::new();
        let mut rows = Rows::new(&mut output, "Nothing.", table);
        for page in [json!(["long"]), json!(["s"]), json!(["longer still"]), json!(["s"])] {
            rows.page(page.as_array().unwrap()).unwrap();
        }
        rows.end().unwrap();
        let expected = "A     B\nlong  x\ns     x\nlonger still  x\ns             x\n";
        assert_eq!(String::from_utf8(output).unwrap(), expected);
    }

    #[test]
    fn an_empty_list_says_so() {
        let mut output = Vec::new();
        let mut rows = Rows::new(&mut output, "Nothing.", table);
        rows.page(&[]).unwrap();
        rows.end().unwrap();
        assert_eq!(output, b"Nothing.\n");
    }

    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_left_ends_it_without_an_error() {
        assert!(!JsonArray::new(Closed).page(&[json!(1)]).unwrap());
        assert!(!Rows::new(Closed, "", table).page(&[json!("a")]).unwrap());
    }
}
