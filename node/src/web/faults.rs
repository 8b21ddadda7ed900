//! What is wrong with a form that a service has refused: beside the fields that it blames, and above the form what is left.

use http::StatusCode;
use http::header::RETRY_AFTER;

use super::forms::Field;
use super::respond::Answer;
use super::visitor::Visitor;
use crate::http::Problem;

/// See the module. By default nothing is wrong.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    problem: Option<Problem>,
    /// By field, as the service names it.
    fields: Vec<(String, String)>,
}

impl Faults {
    /// What a service has said.
    pub(crate) fn of(visitor: &Visitor, status: &tonic::Status) -> Self {
        let problem = Problem::of(status, visitor.language());
        let fields = problem.violations().map(|(field, text)| (field.to_owned(), text.to_owned())).collect();
        Self { problem: Some(problem), fields }
    }

    /// One field that a page finds wrong before it asks anybody.
    pub(crate) fn field(field: &str, text: String) -> Self {
        Self { problem: None, fields: vec![(field.to_owned(), text)] }
    }

    /// `field` with what is wrong with it, under any of these names.
    pub(crate) fn beside(&mut self, field: Field, names: &[&str]) -> Field {
        let (own, rest) = std::mem::take(&mut self.fields).into_iter().partition(|(name, _)| names.contains(&&**name));
        self.fields = rest;
        let own: Vec<(String, String)> = own;
        let text: Vec<String> = own.into_iter().map(|(_, text)| text).collect();
        if text.is_empty() { field } else { field.faulted(Some(text.join(" "))) }
    }

    /// What no field is to blame for; empty: nothing.
    pub(crate) fn above(&self) -> String {
        let told: Vec<&str> = self.fields.iter().map(|(_, text)| text.as_str()).collect();
        match &self.problem {
            _ if !told.is_empty() => told.join(" "),
            // Where violations stand beside their fields all is said.
            Some(problem) if problem.violations().next().is_none() => problem.detail().to_owned(),
            Some(_) | None => String::new(),
        }
    }

    /// The form again, as `page` writes it with these.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn answer(&self, visitor: &Visitor, page: &impl askama::Template) -> Answer {
        let status = self.problem.as_ref().map_or(StatusCode::BAD_REQUEST, Problem::status);
        let mut response = visitor.page_with(status, page)?;
        let wait = self.problem.as_ref().and_then(Problem::retry_after);
        response.headers_mut().extend(wait.map(|wait| (RETRY_AFTER, wait)));
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::super::forms::Control;
    use super::*;

    #[test]
    fn what_is_wrong_stands_beside_its_field_and_the_rest_above() {
        let fields = vec![("a".to_owned(), "A".to_owned()), ("x.y".to_owned(), "XY".to_owned())];
        let mut faults = Faults { problem: None, fields };
        let field = |name| Field::new(name, name.to_owned(), Control::Line("text"));
        assert_eq!(faults.beside(field("a"), &["a", "account.a"]).error, "A");
        assert_eq!(faults.beside(field("b"), &["b"]).error, "");
        assert_eq!(faults.above(), "XY");
        assert_eq!(Faults::default().above(), "");
    }
}
