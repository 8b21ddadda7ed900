//! `drafts create`, `drafts edit`, `drafts delete`.

use std::path::PathBuf;

use duikou_proto::v1::{CreateDraftRequest, DeleteDraftRequest, Draft, SubmitDraftRequest, UpdateDraftRequest};
use prost_types::FieldMask;
use serde_json::Value;

use super::Which;
use super::show::{header, row};
use crate::cli::commands::publish::{documents, refused};
use crate::cli::commands::{full_name, input, terms};
use crate::cli::form::listing;
use crate::cli::{CommandError, Context, ExitCode, FormFault, Sequence, Text, words};

/// Makes drafts of listings, which may be incomplete
///
/// The file holds one JSON object, or several one after the other, each in the form that publish reads.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node drafts create tea.json --member shenzhen --submit")]
pub struct CreateArgs {
    /// The file; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Whose they are [default: as the names in the file say]
    #[arg(long, value_name = "ID")]
    member: Option<String>,

    /// Hand them in for approval as well
    #[arg(long)]
    submit: bool,
}

/// Changes a draft to what a file says
///
/// The file is what drafts show NAME --output json wrote, with your changes. Where somebody else has changed the draft
/// since, it says who and when, and nothing is overwritten.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node drafts edit draft.json")]
pub struct EditArgs {
    /// The file; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Throws drafts away
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node drafts delete members/shenzhen/drafts/01a0b87b-3c71-7d42-9d7e-4a5b6c7d8e9f --yes"
)]
pub struct DeleteArgs {
    #[command(flatten)]
    which: Which,
}

impl CreateArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let text = input::document(self.file).await?;
        let listings = documents(&text).map_err(|faults| refused(&faults))?;
        let mut requests = Vec::with_capacity(listings.len());
        for (line, listing) in listings {
            let parent = match &self.member {
                Some(member) => full_name(member),
                None => listing.name.split("/listings/").next().unwrap_or_default().to_owned(),
            };
            if parent.is_empty() {
                let message =
                    Text::new("缺失（或用 --member 指明成员）", "is required, or name the member with --member");
                return Err(refused(&[FormFault { line, field: "name".to_owned(), message }]));
            }
            let draft = Some(Draft { listing: Some(listing), ..Draft::default() });
            requests.push(CreateDraftRequest { parent, draft, request_id: uuid::Uuid::new_v4().to_string() });
        }
        let mut client = context.connect().await?.drafts();
        let mut results = Sequence::new(context, &header(), |draft| row(context, draft));
        for request in requests {
            let mut draft = client.create_draft(request).await?.into_inner();
            if self.submit {
                let submit = SubmitDraftRequest {
                    name: draft.name,
                    etag: draft.etag,
                    request_id: uuid::Uuid::new_v4().to_string(),
                };
                draft = client.submit_draft(submit).await?.into_inner();
            }
            results.push(&draft)?;
        }
        results.end()
    }
}

impl EditArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let draft = parse(&input::document(self.file).await?).map_err(|faults| refused(&faults))?;
        let request = UpdateDraftRequest {
            draft: Some(draft),
            update_mask: Some(FieldMask { paths: vec!["*".to_owned()] }),
            request_id: uuid::Uuid::new_v4().to_string(),
        };
        let mut client = context.connect().await?.drafts();
        let changed = client.update_draft(request).await?.into_inner();
        for warning in &changed.warnings {
            context.note(&Text::same(format!("{}: {}", warning.field, warning.description)));
        }
        context.show(&changed, |changed| {
            format!("{}  {}", changed.name, terms::draft(changed.state()).in_language(context.language))
        })
    }
}

/// The draft that a file holds: its name, its etag and what it is to become.
fn parse(text: &str) -> Result<Draft, Vec<FormFault>> {
    let fault = |line, field: &str, message| vec![FormFault { line, field: field.to_owned(), message }];
    let mut value: Value =
        serde_json::from_str(text).map_err(|error| fault(error.line().max(1), "", words::of_json(&error)))?;
    let text = |value: &Value, key: &str| {
        let text = value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        let missing = Text::new("缺失，请使用 drafts show 的 JSON 输出", "is required: use the JSON of drafts show");
        text.ok_or_else(|| fault(1, key, missing))
    };
    let (name, etag) = (text(&value, "name")?, text(&value, "etag")?);
    let content = value.get_mut("listing").map(Value::take).unwrap_or_default();
    Ok(Draft { name, etag, listing: Some(listing(content, 1)?), ..Draft::default() })
}

impl DeleteArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let mut client = context.connect().await?.drafts();
        let names = self.which.names(&mut client).await?;
        let count = names.len();
        if count == 0 {
            return Err(CommandError::new(ExitCode::Failed, Text::new("没有这样的草稿", "there is no such draft")));
        }
        let question = Text::new(
            format!("删除{count}件草稿后无法恢复。继续？"),
            format!("{count} drafts that are deleted cannot be brought back; go on?"),
        );
        context.confirm(question).await?;
        for name in names {
            client.delete_draft(DeleteDraftRequest { name, etag: String::new() }).await?;
        }
        context.note(&Text::new(format!("已删除{count}件草稿"), format!("{count} drafts were deleted")));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_edited_as_it_was_shown() {
        let shown = r#"{"name": "members/a.n/drafts/1", "state": "DRAFT", "etag": "2", "warnings": [],
            "listing": {"name": "members/a.n/listings/x", "scopes": ["public"], "listing": {"title": "茶"}}}"#;
        let draft = parse(shown).expect("good");
        assert_eq!((&*draft.name, &*draft.etag), ("members/a.n/drafts/1", "2"));
        assert_eq!(draft.listing.and_then(|listing| listing.listing).expect("there").title, "茶");
        let faults = parse(r#"{"name": "members/a.n/drafts/1"}"#).expect_err("no etag");
        assert_eq!(faults[0].field, "etag");
        let faults = parse(r#"{"name": "n", "etag": "1", "listing": {"titel": 1}}"#).expect_err("no such field");
        assert_eq!(faults[0].field, "titel");
        assert_eq!(parse("{").expect_err("no JSON").len(), 1);
    }
}
