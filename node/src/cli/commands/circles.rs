//! `circles`

use duikou_proto::v1::{Circle, ListCirclesRequest};

use crate::cli::{CommandError, Context, Sequence, Text};

/// What everyone may ask about circles.
#[derive(Debug, clap::Subcommand)]
pub enum ReadCircles {
    /// Lists the circles that the caller belongs to; all for an operator
    List(ListArgs),
}

/// Lists the circles that the caller belongs to; all for an operator
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node circles list")]
pub struct ListArgs {}

impl ReadCircles {
    /// Does it.
    ///
    /// # Errors
    /// Where it failed, with what to say about it.
    pub async fn run(self, context: &Context) -> Result<(), CommandError> {
        match self {
            Self::List(args) => list(args, context).await,
        }
    }
}

async fn list(_: ListArgs, context: &Context) -> Result<(), CommandError> {
    let mut directory = context.connect().await?.directory();
    let circles = directory.list_circles(ListCirclesRequest {}).await?.into_inner().circles;
    let header = [Text::new("圈子", "CIRCLE"), Text::new("成员", "MEMBERS")];
    let row = |circle: &Circle| vec![circle.name.clone(), circle.members.join(" ")];
    let mut results = Sequence::new(context, &header, row);
    for circle in &circles {
        results.push(circle)?;
    }
    results.end()
}
