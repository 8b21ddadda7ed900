//! `publish`

use std::io::IsTerminal;
use std::path::PathBuf;

use duikou_proto::v1;
use tonic::Code;
use tonic_types::StatusExt;

use super::input;
use crate::cli::form::listing;
use crate::cli::{CommandError, Context, ExitCode, FormFault, OutputForm, Sequence, Server, Text, words};

/// Publishes listings, or new content of listings that are there
///
/// The file holds one JSON object, or several one after the other. They are published in order; the first that is
/// refused ends the command, once those before it are shown. On a terminal, and with --dry-run, it is said first which
/// listings say the same already.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node publish tea.json\n  duikou-node publish - --member shenzhen")]
pub struct Args {
    /// The file; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Whose listings they are, where they have no name
    #[arg(long, value_name = "ID")]
    member: Option<String>,

    /// Check everything and publish nothing
    #[arg(long)]
    dry_run: bool,

    /// Hand in for approval what would be published
    #[arg(long)]
    submit: bool,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let text = input::document(self.file.clone()).await?;
        let listings = documents(&text).map_err(|faults| refused(&faults))?;
        if let (Some((line, _)), None) =
            (listings.iter().find(|(_, listing)| listing.name.is_empty()), self.member.as_ref())
        {
            let message = Text::new("缺失", "is required");
            let fault = FormFault { line: *line, field: "name".to_owned(), message };
            return Err(refused(&[fault]).hint(Text::new("或用 --member 指明成员", "or name the member with --member")));
        }
        let server = context.connect().await?;
        let mut results =
            Sequence::new(context, &super::listing::header(), |listing| super::listing::row(context, listing));
        for (before, (line, listing)) in listings.into_iter().enumerate() {
            self.warn_of_duplicates(context, &server, &listing).await;
            let published = match self.publish(&server, listing).await {
                Ok(published) => published,
                Err(error) => {
                    // What is out is out: whoever reads the results has all of them.
                    if before > 0 || context.global.output != OutputForm::Table {
                        results.end()?;
                    }
                    return Err(refused_at(line, before, self.dry_run, error));
                }
            };
            if !published.draft.is_empty() {
                let draft = &published.draft;
                context.note(&Text::new(format!("{draft} 等待审核"), format!("{draft} waits for an approval")));
            }
            results.push(&published)?;
        }
        results.end()
    }

    /// Says what the listing repeats, where somebody reads that. A server that cannot say it for now is no reason not to
    /// publish.
    async fn warn_of_duplicates(&self, context: &Context, server: &Server, listing: &v1::Listing) {
        if !self.dry_run && !std::io::stderr().is_terminal() {
            return;
        }
        for text in super::listing::duplicates(server, listing.clone()).await {
            context.note(&text);
        }
    }

    async fn publish(&self, server: &Server, listing: v1::Listing) -> Result<v1::Listing, CommandError> {
        let mut client = server.listings();
        let update = v1::UpdateListingRequest {
            listing: Some(listing.clone()),
            update_mask: Some(prost_types::FieldMask { paths: vec!["*".to_owned()] }),
            allow_missing: false,
            request_id: uuid::Uuid::new_v4().to_string(),
            validate_only: self.dry_run,
            submit: self.submit,
        };
        // An etag says that the caller has seen what is there.
        if !listing.etag.is_empty() {
            return Ok(client.update_listing(update).await?.into_inner());
        }
        let create = v1::CreateListingRequest {
            parent: self.member.as_ref().map(|member| super::full_name(member)).unwrap_or_default(),
            listing_id: String::new(),
            listing: Some(listing),
            request_id: uuid::Uuid::new_v4().to_string(),
            validate_only: self.dry_run,
            submit: self.submit,
        };
        match client.create_listing(create).await {
            Ok(created) => Ok(created.into_inner()),
            Err(status) if status.code() == Code::AlreadyExists && !is_of_a_draft(&status) => {
                Ok(client.update_listing(update).await?.into_inner())
            }
            Err(status) => Err(status.into()),
        }
    }
}

/// What a listing that was refused is to whoever published several: where it stands, and how many are done before it.
fn refused_at(line: usize, before: usize, dry_run: bool, mut error: CommandError) -> CommandError {
    error.message = Text::new(
        format!("第 {line} 行：{}", error.message.in_language(crate::cli::Language::Zh)),
        format!("line {line}: {}", error.message.in_language(crate::cli::Language::En)),
    );
    match (before, dry_run) {
        (0, _) | (_, true) => error,
        _ => error.hint(Text::new(
            format!("此前的 {before} 条已处理；改正后可将整个文件再发布一次"),
            format!("{before} before it are done: correct this one, and publish the file again"),
        )),
    }
}

/// Whether it is a draft that stands in the way, and not a listing.
fn is_of_a_draft(status: &tonic::Status) -> bool {
    status.get_error_details().error_info().is_some_and(|info| info.reason == "DRAFT_EXISTS")
}

pub(super) fn refused(faults: &[FormFault]) -> CommandError {
    let count = faults.len();
    let message = Text::new(format!("输入有 {count} 处错误"), format!("the input has {count} faults"));
    let mut error = CommandError::new(ExitCode::BadData, message);
    error.causes = faults.iter().map(FormFault::text).collect();
    error
}

/// The objects in `text`, each with the line where it begins.
pub(super) fn documents(text: &str) -> Result<Vec<(usize, v1::Listing)>, Vec<FormFault>> {
    let line_at = |offset: usize| text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1;
    let mut found = Vec::new();
    let mut faults = Vec::new();
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
    loop {
        let before = documents.byte_offset();
        let blank = text[before..].len() - text[before..].trim_start().len();
        let line = line_at(before + blank);
        match documents.next() {
            Some(Ok(value)) => match listing(value, line) {
                Ok(listing) => found.push((line, listing)),
                Err(more) => faults.extend(more),
            },
            Some(Err(error)) => {
                let line = error.line().max(1);
                faults.push(FormFault { line, field: String::new(), message: words::of_json(&error) });
                break;
            }
            None => break,
        }
    }
    if found.is_empty() && faults.is_empty() {
        faults.push(FormFault { line: 1, field: String::new(), message: Text::new("没有内容", "is empty") });
    }
    if faults.is_empty() { Ok(found) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_one_object_or_several() {
        let one = "\n{\n  \"name\": \"members/a/listings/x\"\n}\n";
        assert_eq!(documents(one).expect("good")[0].0, 2);
        let two = documents("{\"name\":\"a\"}\n\n{\"name\":\"b\"}\n").expect("good");
        assert_eq!(two.iter().map(|(line, listing)| (*line, &*listing.name)).collect::<Vec<_>>(), [(1, "a"), (3, "b")]);
    }

    #[test]
    fn whoever_is_refused_is_told_what_was_done_before() {
        let refused = |before, dry_run| {
            let error = CommandError::new(ExitCode::BadData, Text::new("不行", "no"));
            refused_at(3, before, dry_run, error).render(crate::cli::Language::En)
        };
        assert_eq!(refused(0, false), "error: line 3: no\n");
        assert_eq!(refused(2, true), "error: line 3: no\n");
        assert!(refused(2, false).contains("hint: 2 before it are done"), "{}", refused(2, false));
    }

    #[test]
    fn all_faults_are_told_with_their_lines() {
        let faults = documents("{\"name\":\"a\"}\n{\"nam\":1}\n{\"x\":1}\n{").expect_err("faulty");
        assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [2, 3, 4]);
        assert_eq!(documents(" \n").expect_err("empty").len(), 1);
    }
}
