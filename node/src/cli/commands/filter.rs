//! The flags that say which listings.

use clap::ValueEnum;
use duikou_proto::v1::opportunity::Direction;
use duikou_proto::v1::{Filter, GetMemberRequest};
use tonic::Code;

use super::full_name;
use super::ranges::RangeArgs;
use crate::cli::{CommandError, ExitCode, Server, Text};

/// Each may be repeated, or its values separated by commas: any one of them matches. All flags given must match.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Which listings")]
pub(super) struct FilterArgs {
    /// Of this kind
    #[arg(long, value_enum, value_delimiter = ',')]
    kind: Vec<KindArg>,

    /// Offers or requests
    #[arg(long, value_enum, value_delimiter = ',')]
    direction: Vec<DirectionArg>,

    /// In this region (GB/T 2260 or ISO 3166); a province finds what is in it
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    region: Vec<String>,

    /// Of this industry (GB/T 4754); a section finds what is in it
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    industry: Vec<String>,

    /// For this occupation (ISCO-08); a major group finds what is in it
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    occupation: Vec<String>,

    /// Of this member
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    member: Vec<String>,

    /// For this circle
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    circle: Vec<String>,

    /// In this language; zh finds zh-CN and zh-HK
    #[arg(long = "in-language", alias = "text-language", value_name = "TAG", value_delimiter = ',')]
    language_of_text: Vec<String>,

    /// With this tag
    #[arg(long, value_name = "TAG", value_delimiter = ',')]
    tag: Vec<String>,

    // Boxed: clap's enum of commands is as large as its largest.
    #[command(flatten)]
    ranges: Box<RangeArgs>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindArg {
    Capital,
    Project,
    Technology,
    Talent,
    Event,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DirectionArg {
    Offer,
    Request,
}

impl FilterArgs {
    /// As the contract has it; absent where no flag was given.
    ///
    /// # Errors
    /// For a member that there is none of: nothing would be found, as where one has published nothing.
    pub(super) async fn filter(self, server: &Server) -> Result<Option<Filter>, CommandError> {
        for member in &self.member {
            let request = GetMemberRequest { name: full_name(member) };
            // Whoever may not read the directory is told what the filter finds.
            match server.directory().get_member(request).await {
                Err(status) if status.code() == Code::NotFound => return Err(no_member(member)),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(self.wanted())
    }

    fn wanted(self) -> Option<Filter> {
        let kind = |kind: &KindArg| match kind {
            KindArg::Capital => "capital",
            KindArg::Project => "project",
            KindArg::Technology => "technology",
            KindArg::Talent => "talent",
            KindArg::Event => "event",
        };
        let direction = |direction: &DirectionArg| match direction {
            DirectionArg::Offer => Direction::Offer as i32,
            DirectionArg::Request => Direction::Request as i32,
        };
        let filter = Filter {
            kinds: self.kind.iter().map(kind).map(str::to_owned).collect(),
            directions: self.direction.iter().map(direction).collect(),
            regions: self.region,
            industries: self.industry,
            occupations: self.occupation,
            members: self.member,
            circles: self.circle,
            languages: self.language_of_text,
            tags: self.tag,
            ..self.ranges.filter()
        };
        (filter != Filter::default()).then_some(filter)
    }
}

fn no_member(member: &str) -> CommandError {
    let what = Text::new(format!("没有成员 {member}"), format!("there is no member {member}"));
    CommandError::new(ExitCode::Failed, what)
        .hint(Text::new("members list 列出全部成员的标识", "members list shows the ids of all members"))
}
