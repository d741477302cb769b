//! What somebody has typed into a form, and what was wrong with it.

use titan_core::Error;

/// The fields of a form, in their order.
#[derive(Clone, Default)]
pub(crate) struct Form {
    fields: Vec<(String, String)>,
    problem: Option<Problem>,
}

/// Why a form was not accepted, in the words of the API.
#[derive(Clone)]
pub(crate) struct Problem {
    /// The field, if the text names one.
    field: Option<String>,
    /// The text.
    text: String,
}

/// Fields of a form that are not kept anywhere: who has them, is somebody.
const SECRETS: [&str; 5] = ["code", "current_password", "master_key", "new_password", "password"];

/// No form of the console has more: 127 scopes, and some more.
const MOST_FIELDS: usize = 400;

impl Form {
    /// Whether a field is kept while somebody signs in again.
    pub(crate) fn keeps(name: &str) -> bool {
        name != "csrf" && !SECRETS.contains(&name)
    }

    /// What an input shows of what was typed: nothing of a secret.
    pub(crate) fn shown(&self, name: &str) -> &str {
        if SECRETS.contains(&name) { "" } else { self.raw(name) }
    }

    /// Reads `application/x-www-form-urlencoded`.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Error> {
        // Each field becomes many bytes of a page.
        if text.split(|byte| *byte == b'&').count() > MOST_FIELDS {
            return Err(Error::invalid(format!("body: must have at most {MOST_FIELDS} fields")));
        }
        let fields = serde_urlencoded::from_bytes(text);
        let fields = fields.map_err(|_| Error::invalid("body: must be a form"))?;
        Ok(Self { fields, problem: None })
    }

    /// A form with these fields.
    pub(crate) fn of<'a>(fields: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { fields, problem: None }
    }

    /// What stands in a field, without spaces around it; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The same as it was typed: a password may begin with a space.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// What stands in a field, if there is something.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Every value of a field that can have several.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Whether a field has this value among its own: a box that is checked, an option that is chosen.
    pub(crate) fn has(&self, name: &str, value: &str) -> bool {
        self.all(name).any(|given| given == value)
    }

    /// Whether a box is checked.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.has(name, "true")
    }

    /// A number, if there is one.
    pub(crate) fn number<N: std::str::FromStr>(&self, name: &str) -> Result<Option<N>, Error> {
        let parsed = self.given(name).map(str::parse).transpose();
        parsed.map_err(|_| Error::invalid(format!("{name}: must be a number")))
    }

    /// A number that must be there: an emptied field is not a usual value.
    pub(crate) fn needed<N: std::str::FromStr>(&self, name: &str) -> Result<N, Error> {
        self.number(name)?.ok_or_else(|| Error::invalid(format!("{name}: is required")))
    }

    /// The lines of a field that are not empty.
    pub(crate) fn lines(&self, name: &str) -> Vec<String> {
        let lines = self.raw(name).lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(str::to_owned).collect()
    }

    /// Everything but secrets and the token.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        fields.filter(|(name, _)| Self::keeps(name))
    }

    /// The same form with what was wrong.
    #[must_use]
    pub(crate) fn refused(self, error: &Error) -> Self {
        Self { problem: Some(Problem::of(error)), ..self }
    }

    /// What was wrong.
    pub(crate) fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    /// What was wrong with this field.
    pub(crate) fn wrong(&self, name: &str) -> Option<&str> {
        let problem = self.problem.as_ref()?;
        (problem.field.as_deref() == Some(name)).then_some(problem.text.as_str())
    }
}

impl Problem {
    /// An error of a field begins with its name, as the API spells it.
    fn of(error: &Error) -> Self {
        let field = error.message().split_once(": ").and_then(|(name, _)| field(name));
        Self { field, text: error.message().to_owned() }
    }

    /// The text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The id of the input, if the text names one.
    pub(crate) fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }
}

/// The input of what an error names.
fn field(name: &str) -> Option<String> {
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.[]".contains(&byte));
    match name {
        "unknown scope" => Some("scopes".to_owned()),
        _ => is_name.then(|| snake(name)),
    }
}

/// `lifetimeDays` is `lifetime_days` in a form, and `scopes[3]` is `scopes`.
fn snake(name: &str) -> String {
    let name = name.split(['[', '.']).next().unwrap_or_default();
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_and_kept_without_secrets() {
        let form = Form::parse(b"csrf=x&label=+a%26b+&scopes=1&scopes=2&password=+p&days=").unwrap();
        assert_eq!((form.text("label"), form.raw("label")), ("a&b", " a&b "));
        assert_eq!(form.all("scopes").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((form.raw("password"), form.given("days")), (" p", None));
        assert_eq!(
            form.kept().map(|(name, _)| name).collect::<Vec<_>>(),
            ["label", "scopes", "scopes", "days"]
        );
    }

    #[test]
    fn a_form_has_a_bounded_number_of_fields() {
        assert!(Form::parse("a&".repeat(MOST_FIELDS - 1).as_bytes()).is_ok());
        assert!(Form::parse("a&".repeat(MOST_FIELDS).as_bytes()).is_err());
    }

    #[test]
    fn an_error_finds_its_field() {
        let form = Form::default().refused(&Error::invalid("lifetimeDays: must be 1 to 365"));
        assert_eq!(form.wrong("lifetime_days"), Some("lifetimeDays: must be 1 to 365"));
        assert_eq!(form.wrong("label"), None);
        let form = Form::default().refused(&Error::not_found("key"));
        assert_eq!(form.problem().unwrap().field(), None);
        let form = Form::default().refused(&Error::invalid("unknown scope: a:b; did you mean a:c?"));
        assert!(form.wrong("scopes").is_some());
        assert_eq!(Form::default().refused(&Error::invalid("no name: x")).problem().unwrap().field(), None);
    }
}
