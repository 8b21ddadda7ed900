//! The fields of the editor: by the table of columns that spreadsheets have too, a few in view and the others folded.

use duikou_proto::language::Language;
use duikou_proto::name::NetworkName;
use duikou_proto::v1::Opportunity;
use duikou_proto::v1::opportunity::Direction;

use super::super::catalogue::Texts;
use super::super::format;
use super::super::forms::{Choice, Control, Field as Shown, Folded, Said};
use super::super::help;
use super::audience::idle;
use super::echo::echo;
use super::filled::Filling;
use crate::sheets::fields::{Field, Info, Shape};
use crate::sheets::form;
use crate::typed::labels::Label;
use crate::typed::text::items;
use crate::typed::{Names, audience, choice, place};

/// Members that can be chosen by a box each; where there are more, the others are typed by name.
const BOXES: usize = 40;
/// The word of an audience that nobody is in.
const ON_REQUEST: &str = "onrequest";

/// Fields that stand together, folded.
pub(super) struct Group {
    pub(super) title: String,
    pub(super) fields: Vec<Shown>,
    /// Whether it is unfolded: something in it is wrong.
    pub(super) open: bool,
}

/// Whether a field stands in a group.
type Belongs = fn(&Info) -> bool;

/// Whom an audience can name.
pub(super) struct Audiences {
    pub(super) network: NetworkName,
    pub(super) names: Names,
    /// By their short ids, with their names.
    pub(super) members: Vec<(String, String)>,
}

/// The fields of a form that was filled in, with what is said of each. Until somebody wants to send it, what is merely
/// lacking is not called wrong.
pub(super) struct Maker<'a> {
    pub(super) texts: Texts,
    pub(super) filling: &'a Filling,
    pub(super) audiences: &'a Audiences,
    /// Whether it was to be sent.
    pub(super) strict: bool,
}

impl Maker<'_> {
    /// Those in view.
    pub(super) fn in_view(&self) -> Vec<Shown> {
        paired(self.seen().map(|info| self.field(info)).collect())
    }

    fn seen(&self) -> impl Iterator<Item = &'static Info> {
        let kind = self.filling.kind;
        form::fields(kind).filter(move |info| info.is_in_view(kind))
    }

    /// The others, in their groups.
    fn unseen(&self) -> impl Iterator<Item = (&'static str, Vec<&'static Info>)> {
        let kind = self.filling.kind;
        let groups: [(&str, Belongs); 3] = [
            ("editor-group-kind", |info| info.is_particular()),
            ("editor-group-contact", |info| is_contact(info.field)),
            ("editor-group-more", |info| !info.is_particular() && !is_contact(info.field)),
        ];
        groups.into_iter().map(move |(title, belongs)| {
            (title, form::fields(kind).filter(|info| !info.is_in_view(kind) && belongs(info)).collect())
        })
    }

    /// Those with which something is wrong, in the order of the page: where each is, and what it is called.
    pub(super) fn wrong(&self) -> Vec<(String, String)> {
        let all = self.seen().chain(self.unseen().flat_map(|(_, infos)| infos));
        let wrong = all.filter(|info| !self.error(info).is_empty());
        wrong.map(|info| (self.place(info), self.label(info).to_owned())).collect()
    }

    /// The id of what takes the focus; of boxes that is the first.
    fn place(&self, info: &Info) -> String {
        match info.shape() {
            Shape::Several(_) | Shape::Audience => format!("{}-1", info.id),
            _ => info.id.to_owned(),
        }
    }

    /// Whether what is written is offered or sought.
    fn direction(&self) -> Direction {
        self.filling.filled.listing.listing.as_ref().map(Opportunity::direction).unwrap_or_default()
    }

    fn label(&self, info: &Info) -> &'static str {
        self.of_language(info.names_for(self.direction()))
    }

    fn of_language(&self, (zh, en): (&'static str, &'static str)) -> &'static str {
        match self.texts.language() {
            Language::Zh => zh,
            Language::En => en,
        }
    }

    /// The others.
    pub(super) fn folded(&self) -> Vec<Group> {
        let groups = self.unseen().map(|(title, infos)| {
            let open = infos.iter().any(|info| !self.error(info).is_empty());
            let fields = paired(infos.into_iter().map(|info| self.field(info)).collect());
            Group { title: self.texts.text(title), fields, open }
        });
        groups.filter(|group| !group.fields.is_empty()).collect()
    }

    /// What is said of every field, for a script.
    pub(super) fn said(&self) -> Vec<Said> {
        form::fields(self.filling.kind).map(|info| self.said_of(info)).collect()
    }

    fn field(&self, info: &'static Info) -> Shown {
        let label = self.label(info);
        let help = self.of_language(info.help_for(self.direction()));
        let control = self.control(info);
        // A list of boxes needs no word on what to write, and some words are for cells.
        let help = match (&control, info.field) {
            (Control::Boxes { .. }, _) => self.boxes_help(info),
            (_, Field::Body) => self.texts.text("editor-body-help"),
            (_, Field::Phone) => self.texts.text("editor-phone-help"),
            // What can be chosen says it.
            (_, Field::Direction) => String::new(),
            _ => format::capital(help),
        };
        let (autocomplete, inputmode) = match info.field {
            Field::Email => ("email", "email"),
            Field::Phone => ("tel", "tel"),
            Field::OnlineUrl => ("off", "url"),
            Field::Office => ("organization", ""),
            _ => ("off", ""),
        };
        let (suggest, several) = match info.shape() {
            Shape::Places => ("/suggest/regions", true),
            Shape::Industries => ("/suggest/industries", true),
            Shape::Occupation => ("/suggest/occupations", false),
            _ => ("", false),
        };
        Shown {
            required: info.is_needed_for(self.direction()),
            autocomplete: if matches!(control, Control::Line(_)) { autocomplete } else { "" },
            inputmode,
            suggest,
            several,
            rows: if info.field == Field::Body { 12 } else { 3 },
            // What holds several texts, or a long one, takes the whole width.
            half: !matches!(info.field, Field::Title | Field::Regions | Field::Venue | Field::Address)
                && !matches!(info.shape(), Shape::Area | Shape::Several(_) | Shape::Audience),
            said: Some(self.said_of(info)),
            guide: (info.field == Field::Audience).then(|| (help::AUDIENCE, self.texts.text("help-about-audience"))),
            ..Shown::new(info.id, label.to_owned(), control).holding(&self.value(info)).helped(help)
        }
    }

    fn said_of(&self, info: &'static Info) -> Said {
        let fault = self.filling.filled.fault(info.field);
        let candidates = fault.and_then(|fault| fault.unclear.as_ref()).map(|unclear| &*unclear.candidates);
        let language = self.texts.language();
        let candidate = |candidate: &crate::typed::Candidate| {
            let text = candidate.text.in_language(language);
            let name = if text.is_empty() { candidate.typed.clone() } else { format!("{text} {}", candidate.typed) };
            // A place that is taken stands in the form as places do.
            let value = match info.shape() {
                Shape::Places => place::named(&candidate.typed, Language::Zh),
                _ => candidate.typed.clone(),
            };
            Choice { value, name }
        };
        let echo = echo(self.texts, self.filling, info.field);
        // What an industry was read as is what the echo says.
        let said = matches!(info.shape(), Shape::Industries) && !echo.is_empty();
        let note = self.filling.filled.notes.iter().find(|note| note.field == Some(info.field)).filter(|_| !said);
        let notes = [
            echo,
            note.map_or_else(String::new, |note| note.text.in_language(language).to_owned()),
            if info.field == Field::Audience { self.idle() } else { String::new() },
        ];
        let notes: Vec<String> = notes.into_iter().filter(|note| !note.is_empty()).collect();
        Said {
            name: info.id,
            error: self.error(info),
            note: notes.join(" "),
            candidates: candidates.unwrap_or_default().iter().map(candidate).collect(),
        }
    }

    /// That some of those who may see it are named for nothing, which is mended when it is handed in.
    fn idle(&self) -> String {
        let Audiences { network, members, .. } = self.audiences;
        let name_of = |id: &str| {
            let known = members.iter().find(|(known, _)| known == id);
            known.map_or_else(|| id.to_owned(), |(_, name)| name.clone())
        };
        match idle(self.texts, network, &self.filling.filled.listing.scopes, name_of) {
            said if said.is_empty() => said,
            said => self.texts.about("editor-idle", &said),
        }
    }

    /// What is wrong with a field.
    fn error(&self, info: &Info) -> String {
        let given = !self.filling.text(info.field).trim().is_empty();
        if info.field == Field::Audience && !given {
            return if self.strict { self.texts.text("editor-audience-open") } else { String::new() };
        }
        let fault = self.filling.filled.fault(info.field).filter(|_| self.strict || given);
        let text = fault.map(|fault| fault.unclear.as_ref().map_or(&fault.text, |unclear| &unclear.text));
        text.map_or_else(String::new, |text| text.in_language(self.texts.language()).to_owned())
    }

    fn value(&self, info: &Info) -> String {
        let text = self.filling.text(info.field);
        match info.shape() {
            // The name of the value that was chosen, however it was written.
            Shape::One(table) => choice::choice(text, table)
                .ok()
                .and_then(|read| read.value)
                .and_then(|value| crate::typed::labels::of(table, value))
                .map_or_else(|| text.to_owned(), |label| label.name.to_owned()),
            _ => text.to_owned(),
        }
    }

    fn control(&self, info: &Info) -> Control {
        match info.shape() {
            Shape::Area => Control::Area,
            Shape::One(table) => {
                let none = Choice { value: String::new(), name: self.texts.text("editor-choose") };
                Control::Choice([none].into_iter().chain(table.iter().map(|label| self.choice(label))).collect())
            }
            Shape::Several(table) => {
                let chosen = choice::several(self.filling.text(info.field), table).ok().and_then(|read| read.value);
                let chosen = chosen.unwrap_or_default();
                let boxes = table.iter().map(|label| (self.choice(label), chosen.contains(&label.value)));
                Control::Boxes { boxes: boxes.collect(), folded: None, other: None }
            }
            Shape::Audience => self.audience(),
            Shape::Line | Shape::Places | Shape::Industries | Shape::Occupation => Control::Line("text"),
        }
    }

    fn choice(&self, label: &Label) -> Choice {
        let name = match self.texts.language() {
            Language::Zh => label.zh,
            Language::En => label.en,
        };
        Choice { value: label.name.to_owned(), name: format::capital(name) }
    }

    fn boxes_help(&self, info: &Info) -> String {
        let id = if info.field == Field::Audience { "editor-audience-help" } else { "editor-several-help" };
        self.texts.text(id)
    }

    /// A box for each who may be meant, and what is none of them in a line.
    fn audience(&self) -> Control {
        let texts = self.texts;
        let (mut chosen, mut rest) = (Vec::new(), Vec::new());
        for item in items(self.filling.text(Field::Audience)) {
            match audience::audience(&item, &self.audiences.names).map(|read| read.value) {
                Ok(Some(scopes)) if scopes.is_empty() => chosen.push(ON_REQUEST.to_owned()),
                Ok(Some(scopes)) => chosen.extend(scopes),
                Ok(None) => {}
                Err(_) => rest.push(item),
            }
        }
        let mut offered: Vec<(String, String)> = [
            ("public", "editor-for-public"),
            ("registered", "editor-for-registered"),
            ("network", "editor-for-network"),
        ]
        .into_iter()
        .map(|(scope, id)| (scope.to_owned(), texts.text(id)))
        .collect();
        let circles = self.audiences.names.circles.iter();
        offered.extend(circles.map(|circle| (format!("circle:{circle}"), texts.about("editor-for-circle", circle))));
        let few = self.audiences.members.len() <= BOXES;
        let members = self.audiences.members.iter().map(|(id, name)| (format!("member:{id}"), name.clone()));
        let members: Vec<(String, String)> = members.filter(|(scope, _)| few || chosen.contains(scope)).collect();
        offered.push((ON_REQUEST.to_owned(), texts.text("editor-for-nobody")));
        // What this server has no name for stays chosen.
        let unnamed: Vec<&String> =
            chosen.iter().filter(|one| !offered.iter().chain(&members).any(|(scope, _)| scope == *one)).collect();
        let unnamed: Vec<(String, String)> = unnamed.into_iter().map(|scope| (scope.clone(), scope.clone())).collect();
        offered.extend(unnamed);
        let boxes = |offered: Vec<(String, String)>| -> Vec<(Choice, bool)> {
            let offered = offered.into_iter().map(|(value, name)| {
                let is_chosen = chosen.contains(&value);
                (Choice { value, name }, is_chosen)
            });
            offered.collect()
        };
        let members = boxes(members);
        let count = members.iter().filter(|(_, is_chosen)| *is_chosen).count();
        let folded = (!members.is_empty()).then(|| Folded {
            title: texts.text("editor-for-named"),
            open: count > 0,
            count,
            boxes: members,
        });
        let other = (!few || !rest.is_empty()).then(|| (texts.text("editor-for-others"), rest.join("；")));
        Control::Boxes { boxes: boxes(offered), folded, other }
    }
}

/// Those that can stand beside another stand in pairs; one that is left over takes the whole width.
fn paired(mut fields: Vec<Shown>) -> Vec<Shown> {
    let mut at = 0;
    while let Some(field) = fields.get(at) {
        if field.half && fields.get(at + 1).is_some_and(|next| next.half) {
            at += 2;
        } else {
            fields[at].half = false;
            at += 1;
        }
    }
    fields
}

fn is_contact(field: Field) -> bool {
    matches!(field, Field::Office | Field::Person | Field::Email | Field::Phone | Field::Address)
}
