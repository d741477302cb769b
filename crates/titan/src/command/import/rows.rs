//! The rows of a file, one after the other: memory has one of them.

use super::row::Row;
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Read};

/// No row is longer.
const LONGEST_LINE: u64 = 64 * 1024;
const COLUMNS: [&str; 6] = ["key", "sha256", "label", "scopes", "expiresAt", "tenantId"];

/// Reads rows.
pub(super) struct Rows(Box<dyn Iterator<Item = Result<Row>>>);

impl Iterator for Rows {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

impl Rows {
    pub(super) fn read(file: impl Read + 'static, is_csv: bool) -> Result<Self> {
        if is_csv { Self::csv(file) } else { Ok(Self::json_lines(file)) }
    }

    fn json_lines(file: impl Read + 'static) -> Self {
        let mut file = BufReader::new(file);
        let lines = std::iter::from_fn(move || next_line(&mut file).transpose());
        let is_row =
            |line: &Result<Vec<u8>>| line.as_ref().map_or(true, |line| !line.trim_ascii().is_empty());
        Self(Box::new(lines.filter(is_row).map(|line| Ok(serde_json::from_slice(&line?)?))))
    }

    fn csv(file: impl Read + 'static) -> Result<Self> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
        let headings = reader.headers().context("the line of headings")?.clone();
        if let Some(unknown) = headings.iter().find(|name| !COLUMNS.contains(name)) {
            bail!("column `{unknown}`: is unknown; the columns are {}", COLUMNS.join(", "));
        }
        let rows = reader.into_records().map(move |record| {
            let record = record?;
            from_fields(headings.iter().zip(record.iter()).filter(|(_, field)| !field.is_empty()))
        });
        Ok(Self(Box::new(rows)))
    }
}

fn next_line(file: &mut impl BufRead) -> Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = file.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    if read == usize::try_from(LONGEST_LINE)? {
        // The rest of it is no row of its own.
        skip_line(file)?;
        bail!("is longer than {LONGEST_LINE} bytes");
    }
    Ok((read > 0).then_some(line))
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

    fn labels(text: &'static str, is_csv: bool) -> Vec<Result<Option<String>, String>> {
        let rows = Rows::read(text.as_bytes(), is_csv).unwrap();
        rows.map(|row| row.map(|row| row.label).map_err(|error| format!("{error:#}"))).collect()
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
        let rows: Vec<_> = Rows::read(text.as_bytes(), true).unwrap().collect();
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
        let rows = labels(Box::leak(text.into_boxed_str()), false);
        assert_eq!(rows.len(), 2);
        assert!(rows[0].as_ref().unwrap_err().contains("longer than"));
        assert_eq!(rows[1], Ok(Some("b".to_owned())));
    }
}
