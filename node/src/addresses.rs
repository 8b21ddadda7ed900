//! Where people find on this server what programs find below `/v1`: for links in mails and feeds.

/// The page of `members/{member}/listings/{listing}`, as a path.
pub(crate) fn listing_page(name: &str) -> String {
    let place = name.strip_prefix("members/").unwrap_or(name);
    format!("/listings/{}", place.replacen("/listings/", "/", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_its_page() {
        assert_eq!(listing_page("members/a.n.example/listings/two"), "/listings/a.n.example/two");
        assert_eq!(
            listing_page("members/listings.n.example/listings/listings"),
            "/listings/listings.n.example/listings"
        );
    }
}
