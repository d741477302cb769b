//! The rows of a file, one after the other: memory has one of them.

use super::row::Row;
use anyhow::{Context, Result, anyhow, bail, ensure};
use csv::StringRecord;
use std::io::{BufRead, BufReader, Read};

/// No row is longer.
const LONGEST_LINE: u64 = 64 * 1024;
const COLUMNS: [&str; 6] = ["key", "sha256", "label", "scopes", "expiresAt", "tenantId"];

/// Reads rows: one a line, also in CSV. An error outside is of the file, and ends it.
pub(super) struct Rows<R> {
    file: BufReader<R>,
    /// The headings of CSV.
    headings: Option<StringRecord>,
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Result<Row>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match next_line(&mut self.file).transpose()? {
                Ok(Line::Whole(line)) if line.trim_ascii().is_empty() => {}
                Ok(Line::Whole(line)) => return Some(Ok(self.row(&line))),
                Ok(Line::TooLong) => return Some(Ok(Err(anyhow!("is longer than {LONGEST_LINE} bytes")))),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl<R: Read> Rows<R> {
    pub(super) fn read(file: R, is_csv: bool) -> Result<Self> {
        let mut rows = Self { file: BufReader::new(file), headings: None };
        if is_csv {
            let Some(Line::Whole(line)) = next_line(&mut rows.file)? else {
                bail!("has no line of headings")
            };
            rows.headings = Some(headings(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line))?);
        }
        Ok(rows)
    }

    fn row(&self, line: &[u8]) -> Result<Row> {
        let Some(headings) = &self.headings else { return Ok(serde_json::from_slice(line)?) };
        let fields = fields(line)?;
        let (wanted, given) = (headings.len(), fields.len());
        ensure!(wanted == given, "has {given} fields and not {wanted}");
        from_fields(headings.iter().zip(fields.iter()).filter(|(_, field)| !field.is_empty()))
    }
}

fn headings(line: &[u8]) -> Result<StringRecord> {
    let headings = fields(line).context("the line of headings")?;
    if let Some(unknown) = headings.iter().find(|name| !COLUMNS.contains(name)) {
        bail!("column `{unknown}`: is unknown; the columns are {}", COLUMNS.join(", "));
    }
    Ok(headings)
}

/// One line of CSV (RFC 4180), alone: a quotation mark that does not end spoils one row, not all that follow.
fn fields(line: &[u8]) -> Result<StringRecord> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).from_reader(line);
    Ok(reader.records().next().unwrap_or_else(|| Ok(StringRecord::new()))?)
}

enum Line {
    TooLong,
    Whole(Vec<u8>),
}

fn next_line(file: &mut impl BufRead) -> Result<Option<Line>> {
    let mut line = Vec::new();
    let read = file.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    if read == usize::try_from(LONGEST_LINE)? && !line.ends_with(b"\n") {
        // The rest of it is no row of its own.
        skip_line(file)?;
        return Ok(Some(Line::TooLong));
    }
    Ok((read > 0).then_some(Line::Whole(line)))
}

fn skip_line(file: &mut impl BufRead) -> Result<()> {
    loop {
        let mut piece = Vec::new();
        let read = file.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut piece)?;
        if read == 0 || piece.ends_with(b"\n") {
            return Ok(());
        }
    }
}

/// Scopes stand in one field, with spaces or commas between them.
fn from_fields<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Row> {
    let mut row = Row::default();
    for (column, field) in fields {
        let text = Some(field.to_owned());
        match column {
            "key" => row.key = text,
            "sha256" => row.sha256 = text,
            "label" => row.label = text,
            "expiresAt" => row.expires_at = text,
            "tenantId" => row.tenant_id = Some(field.parse().context("tenantId: must be a number")?),
            _ => {
                let names = field.split([' ', ',']).filter(|name| !name.is_empty());
                row.scopes = Some(names.map(str::to_owned).collect());
            }
        }
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str, is_csv: bool) -> Vec<Result<Option<String>, String>> {
        let rows = Rows::read(text.as_bytes(), is_csv).unwrap();
        rows.map(|row| row.unwrap().map(|row| row.label).map_err(|error| format!("{error:#}"))).collect()
    }

    #[test]
    fn json_lines_go_on_after_a_bad_one() {
        let rows = labels("{\"label\":\"a\"}\n\n{\n{\"label\":7}\r\n{\"label\":\"b\"}", false);
        assert_eq!((&rows[0], &rows[3]), (&Ok(Some("a".to_owned())), &Ok(Some("b".to_owned()))));
        assert!(rows[1].is_err() && rows[2].is_err());
    }

    #[test]
    fn csv_has_quotes_and_lists_of_scopes() {
        let text = "label,scopes,tenantId\n\"a, b\",\"tasks:read tasks:write\",7\nc,,\nd\ne,,x\nf,,\n";
        let rows: Vec<_> = Rows::read(text.as_bytes(), true).unwrap().map(Result::unwrap).collect();
        let first = rows[0].as_ref().unwrap();
        assert_eq!((first.label.as_deref(), first.tenant_id), (Some("a, b"), Some(7)));
        assert_eq!(first.scopes.as_ref().unwrap().len(), 2);
        assert!(rows[1].as_ref().unwrap().scopes.is_none());
        assert!(rows[2].is_err() && rows[3].is_err(), "too few fields, no number");
        assert!(rows[4].is_ok());
        let unknown = Rows::read("label,nonsense\n".as_bytes(), true).err().unwrap();
        assert!(unknown.to_string().contains("column `nonsense`"));
    }

    #[test]
    fn an_endless_line_is_one_bad_row() {
        let text = format!("{}\n{{\"label\":\"b\"}}\n", "x".repeat(300_000));
        let rows = labels(&text, false);
        assert_eq!(rows.len(), 2);
        assert!(rows[0].as_ref().unwrap_err().contains("longer than"));
        assert_eq!(rows[1], Ok(Some("b".to_owned())));
    }

    #[test]
    fn a_line_that_is_just_not_too_long_leaves_the_next_one() {
        let whole = usize::try_from(LONGEST_LINE).unwrap();
        let text = format!("{}\n{{\"label\":\"b\"}}", " ".repeat(whole - 1));
        assert_eq!(labels(&text, false), [Ok(Some("b".to_owned()))]);
    }

    #[test]
    fn a_quotation_mark_that_does_not_end_spoils_one_row() {
        let rows = labels("label,key\n\"a,x\nb,y\n", true);
        assert!(rows[0].is_err(), "{rows:?}");
        assert_eq!(rows[1], Ok(Some("b".to_owned())));
    }

    #[test]
    fn a_file_that_cannot_be_read_ends() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("bad disk"))
            }
        }
        assert!(Rows::read(Broken, false).unwrap().next().unwrap().is_err());
    }
}
