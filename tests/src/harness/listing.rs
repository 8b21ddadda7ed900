//! Listings as a story needs them: all that is required is filled in, and what matters is said.

use duikou_proto::Money;
use duikou_proto::v1::opportunity::{Details, Direction};
use duikou_proto::v1::{Capital, Listing, Opportunity, capital};

/// A listing in the making; public unless it says otherwise.
#[derive(Debug, Clone)]
pub struct Draft {
    id: String,
    member: Option<String>,
    listing: Listing,
}

/// An offer of capital named `id`.
pub fn offer(id: &str) -> Draft {
    draft(id, Direction::Offer)
}

/// A request for capital named `id`.
pub fn request(id: &str) -> Draft {
    draft(id, Direction::Request)
}

fn draft(id: &str, direction: Direction) -> Draft {
    let amount = Money { currency_code: "CNY".to_owned(), units: 1_000_000, nanos: 0 };
    let capital =
        Capital { instrument: capital::Instrument::Equity.into(), amount_max: Some(amount), ..Capital::default() };
    let opportunity = Opportunity {
        direction: direction.into(),
        title: format!("{id} for partner cities"),
        language: "en".to_owned(),
        regions: vec!["440300".to_owned()],
        details: Some(Details::Capital(capital)),
        ..Opportunity::default()
    };
    let listing = Listing { scopes: vec!["public".to_owned()], listing: Some(opportunity), ..Listing::default() };
    Draft { id: id.to_owned(), member: None, listing }
}

impl Draft {
    /// Written by `member`, where its node hosts several.
    #[must_use]
    pub fn by(mut self, member: &str) -> Self {
        self.member = Some(member.to_owned());
        self
    }

    /// Its title, and so what is looked for among bytes on disk.
    #[must_use]
    pub fn titled(mut self, title: &str) -> Self {
        self.opportunity().title = title.to_owned();
        self
    }

    /// Its text.
    #[must_use]
    pub fn saying(mut self, body: &str) -> Self {
        self.opportunity().body = body.to_owned();
        self
    }

    /// For exactly these scopes, short or absolute; none: on request.
    #[must_use]
    pub fn for_scopes(mut self, scopes: &[&str]) -> Self {
        self.listing.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self
    }

    /// For these members and nobody else.
    #[must_use]
    pub fn for_members(mut self, members: &[&str]) -> Self {
        self.listing.scopes = members.iter().map(|member| format!("member:{member}")).collect();
        self
    }

    /// For the members of a circle and nobody else.
    #[must_use]
    pub fn for_circle(self, circle: &str) -> Self {
        self.for_scopes(&[&format!("circle:{circle}")])
    }

    /// For every member of the network.
    #[must_use]
    pub fn for_network(self) -> Self {
        self.for_scopes(&["network"])
    }

    /// For nobody: it stays at home.
    #[must_use]
    pub fn on_request(self) -> Self {
        self.for_scopes(&[])
    }

    /// With whatever else a story needs.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Listing)) -> Self {
        change(&mut self.listing);
        self
    }

    fn opportunity(&mut self) -> &mut Opportunity {
        self.listing.listing.get_or_insert_default()
    }

    /// The listing as `member` writes it, unless it was said [`Draft::by`] whom.
    pub fn listing(&self, member: &str) -> Listing {
        let member = self.member.as_deref().unwrap_or(member);
        Listing { name: format!("members/{member}/listings/{}", self.id), ..self.listing.clone() }
    }
}
