//! `match`

use duikou_proto::v1::match_listings_request::Subject;
use duikou_proto::v1::{Match, MatchListingsRequest};

use super::filter::FilterArgs;
use super::listing;
use crate::cli::global::OutputForm;
use crate::cli::{CommandError, Context, Language, Sequence, Text, clean};

/// Finds what answers a listing: its counterparts, each with the reasons
///
/// A counterpart offers what the other seeks, is of the same kind, or is capital to a
/// project or technology to one. A listing that is kept on request is answered as well:
/// nothing of it leaves this server.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node match members/shenzhen/listings/tea-2027 --limit 5")]
pub struct Args {
    /// The listing, members/MEMBER/listings/ID
    #[arg(value_name = "NAME")]
    name: String,

    #[command(flatten)]
    filter: FilterArgs,

    /// Points that a counterpart has at least, 1 to 100
    #[arg(long, value_name = "POINTS", default_value = "35")]
    min_score: u16,

    /// No more than so many
    #[arg(long, value_name = "N", default_value = "20")]
    limit: usize,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let server = context.connect().await?;
        let mut request = MatchListingsRequest {
            subject: Some(Subject::Name(self.name)),
            filter: self.filter.filter(&server).await?,
            min_score: i32::from(self.min_score),
            page_size: listing::PAGE.min(i32::try_from(self.limit).unwrap_or(listing::PAGE)),
            page_token: String::new(),
        };
        let people = context.global.output == OutputForm::Table;
        let mut results = Sequence::new(context, &[], |_: &Match| Vec::new());
        let mut left = self.limit;
        while left > 0 {
            let page = server.matches().match_listings(request.clone()).await?.into_inner();
            for found in page.matches.iter().take(left) {
                if people {
                    context.print(&clean(&told(context, found)))?;
                } else {
                    results.push(found)?;
                }
            }
            let first_and_none = people && left == self.limit && page.matches.is_empty();
            if first_and_none {
                context.note(&Text::new("没有", "none"));
            }
            left = left.saturating_sub(page.matches.len());
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        if people { Ok(()) } else { results.end() }
    }
}

/// A line for the counterpart, and one for each reason.
fn told(context: &Context, found: &Match) -> String {
    let listing = found.listing.clone().unwrap_or_default();
    let opportunity = listing.listing.unwrap_or_default();
    let (kind, direction) = (listing::kind(context, &opportunity), listing::direction(context, &opportunity));
    let mut lines = vec![format!("{:>3}  {}  {kind} {direction}  {}", found.score, listing.name, opportunity.title)];
    lines.extend(found.reasons.iter().map(|reason| {
        let words = match context.language {
            Language::Zh => &reason.zh,
            Language::En => &reason.en,
        };
        format!("     +{:<3} {words}", reason.points)
    }));
    lines.join("\n")
}
