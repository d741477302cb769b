//! A reader of JSON that has one spelling: the text between the values is known.

/// Takes literals and the values behind them off the front of a text.
pub(super) struct Template<'a>(&'a str);

impl<'a> Template<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self(text)
    }

    fn literal(&mut self, literal: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(literal)?;
        Some(())
    }

    fn take(&mut self, end: usize) -> &'a str {
        let (value, rest) = self.0.split_at(end);
        self.0 = rest;
        value
    }

    /// The value of a string whose quotation mark `before` ends with. Our strings have no escapes, so the next mark is
    /// the end: it belongs to the next literal. What may stand in the value is for its type to say.
    pub(super) fn text(&mut self, before: &str) -> Option<&'a str> {
        self.literal(before)?;
        Some(self.take(self.0.find('"')?))
    }

    /// The same, where it may be missing.
    pub(super) fn optional_text(&mut self, before: &str) -> Option<&'a str> {
        if self.0.starts_with(before) { self.text(before) } else { None }
    }

    /// A whole number (RFC 8259, 6) of 32 bits: no sign, no zero in front, no fraction, no exponent.
    pub(super) fn number(&mut self, before: &str) -> Option<u32> {
        self.literal(before)?;
        let digits = self.take(self.0.find(|c: char| !c.is_ascii_digit())?);
        let is_canonical = digits == "0" || !digits.starts_with('0');
        if is_canonical { digits.parse().ok() } else { None }
    }

    /// The end: `None` if anything stands behind `last`.
    pub(super) fn finish(self, last: &str) -> Option<()> {
        (self.0 == last).then_some(())
    }
}
