//! What a narrowed token may be used for, by the name of the method: one table for all services.

use duikou_proto::v1::token::Area;

/// Whether a token for `areas` may call the method at `path` (`/package.Service/Method`). A method that no area has is
/// for tokens that are not narrowed.
pub(crate) fn allow(areas: &[i32], path: &str) -> bool {
    areas.is_empty() || is_for_everyone(path) || area_of(path).is_some_and(|area| areas.contains(&area.into()))
}

fn parts(path: &str) -> (&str, &str) {
    path.strip_prefix('/').and_then(|path| path.split_once('/')).unwrap_or((path, ""))
}

fn is_for_everyone(path: &str) -> bool {
    let (service, _) = parts(path);
    service == "duikou.v1.DirectoryService" || service.starts_with("grpc.")
}

fn area_of(path: &str) -> Option<Area> {
    let (service, method) = parts(path);
    Some(match service.strip_prefix("duikou.v1.")? {
        "ListingService" if ["Get", "List"].iter().any(|verb| method.starts_with(verb)) => Area::Read,
        "ListingService" | "DraftService" => Area::Write,
        "FeedService" | "SearchService" | "MatchService" => Area::Read,
        "SubscriptionService" => Area::Subscriptions,
        "QueryService" | "InquiryService" => Area::Query,
        "TokenService" | "AccountService" | "AuditService" => Area::Tokens,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::public_methods;

    #[test]
    fn every_public_method_is_for_everyone_or_has_an_area() {
        for path in public_methods() {
            assert!(is_for_everyone(&path) || area_of(&path).is_some(), "{path} has no area: give it one");
        }
    }

    #[test]
    fn a_narrowed_token_is_for_its_areas() {
        let read = [i32::from(Area::Read)];
        assert!(allow(&read, "/duikou.v1.ListingService/GetListing"));
        assert!(allow(&read, "/duikou.v1.FeedService/Watch"));
        assert!(allow(&read, "/duikou.v1.DirectoryService/GetNetwork"));
        assert!(!allow(&read, "/duikou.v1.ListingService/CreateListing"));
        assert!(!allow(&read, "/duikou.v1.TokenService/ListTokens"));
        assert!(!allow(&read, "/duikou.v1.NewService/Call"), "what nobody has thought of is closed");
        assert!(allow(&[], "/duikou.v1.NewService/Call"));
    }
}
