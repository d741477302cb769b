//! Columns for people.

use std::fmt;

/// Rows of cells; each column is as wide as its widest cell. A cell stays on its line and in its column,
/// whatever is in it.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    /// The minimum width of each column.
    least: Vec<usize>,
}

impl Table {
    /// A table under these headings. One without headings is a list of names and values.
    pub(super) fn headed<const N: usize>(headings: [&str; N]) -> Self {
        Self::default().row(headings)
    }

    /// One more row.
    #[must_use]
    pub(super) fn row<const N: usize>(mut self, cells: [&str; N]) -> Self {
        self.rows.push(cells.map(clean).into());
        self
    }

    /// The same with at least these widths, so that it fits below another table.
    #[must_use]
    pub(super) fn at_least(mut self, widths: &[usize]) -> Self {
        self.least = widths.to_vec();
        self
    }

    /// The width of each column.
    pub(super) fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |column| self.rows.iter().map(|row| width(row, column)).max().unwrap_or(0);
        let least = |column| self.least.get(column).copied().unwrap_or(0);
        (0..columns).map(|column| widest(column).max(least(column))).collect()
    }
}

fn width(row: &[String], column: usize) -> usize {
    row.get(column).map_or(0, |cell| cell.chars().count())
}

/// A text without control characters, which would move the cursor or speak to the terminal.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

impl fmt::Display for Table {
    /// Lines with a line break between two of them, and no blanks at their ends.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for (index, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            let line_break = if index == 0 { "" } else { "\n" };
            write!(f, "{line_break}{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let table =
            Table::headed(["ID", "LABEL", "TENANT"]).row(["1", "tour", "1"]).row(["22", "x", "4000000000"]);
        assert_eq!(table.to_string(), "ID  LABEL  TENANT\n1   tour   1\n22  x      4000000000");
    }

    #[test]
    fn characters_are_counted_and_not_bytes() {
        let table = Table::default().row(["Zoë", "1"]).row(["日本語!", "2"]);
        assert_eq!(table.to_string(), "Zoë   1\n日本語!  2");
    }

    #[test]
    fn a_cell_cannot_leave_its_place() {
        let table = Table::default().row(["a\nb\x1b[2J\u{9b}", "1"]).row(["", "2"]);
        assert_eq!(table.to_string(), "a\u{fffd}b\u{fffd}[2J\u{fffd}  1\n          2");
    }

    #[test]
    fn empty_cells_leave_no_blanks_behind() {
        assert_eq!(Table::headed(["A", "B"]).row(["long", ""]).to_string(), "A     B\nlong");
        assert_eq!(Table::default().to_string(), "");
    }
}
