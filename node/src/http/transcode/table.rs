//! Which method of the contract answers what path: read once from the annotations, for calls and for the OpenAPI
//! document alike.

use std::sync::LazyLock;

use http::Method;
use prost_reflect::{DynamicMessage, ExtensionDescriptor, MethodDescriptor, ServiceDescriptor};

use super::template::{Path, Template};
use crate::contract;

/// The package whose services are public.
const PACKAGE: &str = "duikou.v1";

/// What of a request its body is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// Nothing: there is none.
    None,
    /// All that the path does not give.
    Whole,
    /// This field.
    Field(String),
}

/// One way to call one method.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) verb: Method,
    pub(crate) template: Template,
    pub(crate) body: Body,
    pub(crate) method: MethodDescriptor,
}

impl Route {
    /// What gRPC calls the method: `/duikou.v1.ListingService/GetListing`.
    pub(crate) fn grpc_path(&self) -> String {
        format!("/{}/{}", self.method.parent_service().full_name(), self.method.name())
    }
}

/// All routes, the more particular before the more general.
#[derive(Debug)]
pub(crate) struct Table(Vec<Route>);

static TABLE: LazyLock<Table> = LazyLock::new(Table::read);

/// What is at a path.
pub(crate) enum Found<'a> {
    /// A method, with what the path says.
    Route(&'a Route, Vec<(&'a str, String)>),
    /// Other methods of HTTP only, these.
    Verbs(Vec<&'a Method>),
    /// Nothing.
    Nothing,
}

impl Table {
    /// That of the contract.
    pub(crate) fn get() -> &'static Self {
        &TABLE
    }

    fn read() -> Self {
        let pool = contract::pool();
        let rule = pool.get_extension_by_name("google.api.http");
        let mut routes = Vec::new();
        for service in pool.services().filter(|service| service.package_name() == PACKAGE) {
            routes.extend(rule.iter().flat_map(|rule| of_service(&service, rule)));
        }
        routes.sort_by(|a, b| a.template.segments.cmp(&b.template.segments));
        Self(routes)
    }

    /// All routes.
    pub(crate) fn routes(&self) -> &[Route] {
        &self.0
    }

    /// What answers `verb` at `path`.
    pub(crate) fn find(&self, verb: &Method, path: &Path) -> Found<'_> {
        let mut verbs = Vec::new();
        for route in &self.0 {
            let Some(bound) = route.template.matches(path) else { continue };
            // Whoever asks for the head of an answer gets that of the answer to GET.
            if route.verb == *verb || (*verb == Method::HEAD && route.verb == Method::GET) {
                return Found::Route(route, bound);
            }
            if !verbs.contains(&&route.verb) {
                verbs.push(&route.verb);
            }
        }
        if verbs.is_empty() { Found::Nothing } else { Found::Verbs(verbs) }
    }
}

fn of_service(service: &ServiceDescriptor, rule: &ExtensionDescriptor) -> Vec<Route> {
    service.methods().flat_map(|method| of_method(&method, rule)).collect()
}

fn of_method(method: &MethodDescriptor, rule: &ExtensionDescriptor) -> Vec<Route> {
    let options = method.options();
    if !options.has_extension(rule) || method.is_client_streaming() {
        return Vec::new();
    }
    let value = options.get_extension(rule);
    let Some(rule) = value.as_message() else { return Vec::new() };
    let more = rule.get_field_by_name("additional_bindings");
    let more = more.iter().flat_map(|list| list.as_list().unwrap_or_default()).filter_map(|value| value.as_message());
    std::iter::once(rule).chain(more).filter_map(|rule| route(method, rule)).collect()
}

fn route(method: &MethodDescriptor, rule: &DynamicMessage) -> Option<Route> {
    let text = |field: &str| {
        let value = rule.get_field_by_name(field)?;
        value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let verbs = [Method::GET, Method::PUT, Method::POST, Method::DELETE, Method::PATCH];
    let (verb, path) = verbs
        .into_iter()
        .find_map(|verb| Some((text(&verb.as_str().to_lowercase())?, verb)))
        .map(|(path, verb)| (verb, path))?;
    let body = match text("body").as_deref() {
        None => Body::None,
        Some("*") => Body::Whole,
        Some(field) => Body::Field(field.to_owned()),
    };
    Some(Route { verb, template: Template::parse(&path)?, body, method: method.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_of_the_public_services_has_a_path() {
        let rule = contract::pool().get_extension_by_name("google.api.http").expect("the annotations are compiled in");
        for service in contract::pool().services().filter(|service| service.package_name() == PACKAGE) {
            let annotated = service.methods().filter(|method| method.options().has_extension(&rule)).count();
            // A service is for programs everywhere, or for the local socket: it is never half of each.
            assert!(annotated == 0 || annotated == service.methods().len(), "{}", service.full_name());
            for method in service.methods().filter(|_| annotated > 0) {
                let routes = Table::get().routes().iter().filter(|route| route.method == method);
                assert!(routes.count() > 0, "{} has no path, or one that cannot be read", method.full_name());
            }
        }
        assert!(Table::get().routes().len() >= 14);
    }

    #[test]
    fn no_two_methods_share_a_path() {
        let routes = Table::get().routes();
        for (index, a) in routes.iter().enumerate() {
            for b in &routes[index + 1..] {
                let same = a.verb == b.verb
                    && a.template.segments == b.template.segments
                    && a.template.verb == b.template.verb;
                assert!(!same, "{} and {}", a.method.full_name(), b.method.full_name());
            }
        }
    }

    #[test]
    fn every_field_that_a_path_or_a_body_names_is_there() {
        for route in Table::get().routes() {
            let fields = route.template.variables.iter().map(|variable| variable.field.clone());
            let body = match &route.body {
                Body::Field(field) => Some(field.clone()),
                Body::None | Body::Whole => None,
            };
            for path in fields.chain(body) {
                let mut message = Some(route.method.input());
                for part in path.split('.') {
                    let field = message.as_ref().and_then(|message| message.get_field_by_name(part));
                    let field = field.unwrap_or_else(|| panic!("{}: no {path}", route.method.full_name()));
                    message = field.kind().as_message().cloned();
                }
            }
        }
    }

    #[test]
    fn the_more_particular_goes_first() {
        let find = |verb: Method, path: &str| match Table::get().find(&verb, &Path::parse(path).expect("a path")) {
            Found::Route(route, bound) => format!("{} {bound:?}", route.method.name()),
            Found::Verbs(verbs) => format!("{verbs:?}"),
            Found::Nothing => "nothing".to_owned(),
        };
        assert_eq!(find(Method::GET, "/v1/members"), "ListMembers []");
        assert_eq!(find(Method::GET, "/v1/members/a"), "GetMember [(\"name\", \"members/a\")]");
        assert_eq!(find(Method::HEAD, "/v1/network"), "GetNetwork []");
        assert_eq!(find(Method::DELETE, "/v1/network"), "[GET]");
        assert_eq!(find(Method::GET, "/v1/nothing"), "nothing");
    }
}
