//! Fields that several forms about people have.

use duikou_proto::language::Language;

use super::super::catalogue::Texts;
use super::super::faults::Faults;
use super::super::forms::{Choice, Control, Field};
use super::super::preferences::short;
use super::super::sent::Sent;

/// Characters of a password that a form takes; more is refused by the service anyway.
const PASSWORD_CHARS: usize = 200;
/// Characters of a name.
const NAME_CHARS: usize = 120;

/// A password that somebody has.
pub(super) fn password(texts: Texts, name: &'static str, faults: &mut Faults, names: &[&str]) -> Field {
    let field = Field::new(name, texts.text("password-now"), Control::Line("password"));
    let field = Field { required: true, autocomplete: "current-password", longest: Some(PASSWORD_CHARS), ..field };
    faults.beside(field, names)
}

/// A new one, twice.
pub(super) fn new_password(texts: Texts, faults: &mut Faults) -> [Field; 2] {
    let field = |name, label: &str| Field {
        required: true,
        autocomplete: "new-password",
        longest: Some(PASSWORD_CHARS),
        ..Field::new(name, texts.text(label), Control::Line("password"))
    };
    let new = field("new-password", "password-new").helped(texts.text("password-rule"));
    let again = field("new-again", "password-again");
    [faults.beside(new, &["password", "new_password"]), faults.beside(again, &["new-again"])]
}

/// What is wrong where the second is not the first.
pub(super) fn repeated(texts: Texts, sent: &Sent) -> Option<Faults> {
    let same = sent.get("new-password") == sent.get("new-again");
    (!same).then(|| Faults::field("new-again", texts.text("password-differs")))
}

/// A name that people see.
pub(super) fn display_name(texts: Texts, value: &str, faults: &mut Faults) -> Field {
    let field = Field::new("display-name", texts.text("account-name"), Control::Line("text")).holding(value);
    let field = Field { required: true, autocomplete: "off", longest: Some(NAME_CHARS), ..field };
    faults.beside(field, &["account.display_name"])
}

/// The language that somebody reads.
pub(super) fn language(texts: Texts, value: &str, faults: &mut Faults) -> Field {
    let choice = |value: &str, name: String| Choice { value: value.to_owned(), name };
    let choices = vec![
        choice("", texts.text("account-language-auto")),
        choice(short(Language::Zh), "中文".to_owned()),
        choice(short(Language::En), "English".to_owned()),
    ];
    let field = Field::new("language", texts.text("account-language"), Control::Choice(choices)).holding(value);
    faults.beside(field, &["account.language"])
}
