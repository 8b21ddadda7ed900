//! Telling an error with all its causes.

/// The error and its causes on one line. Some libraries say their cause themselves: that is not said twice.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let told = cause.to_string();
        if !text.ends_with(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use thiserror::Error;

    use super::*;

    #[derive(Debug, Error)]
    #[error("no room")]
    struct Inner;

    #[derive(Debug, Error)]
    #[error("the library failed: {0}")]
    struct Middle(#[source] Inner);

    #[derive(Debug, Error)]
    #[error("nothing was written")]
    struct Outer(#[source] Middle);

    #[test]
    fn a_cause_is_said_once() {
        assert_eq!(chain(&Outer(Middle(Inner))), "nothing was written: the library failed: no room");
    }
}
