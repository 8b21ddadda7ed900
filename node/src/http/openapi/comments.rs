//! What the contract says of itself: the comments of the `.proto` files, which stand in the compiled descriptors.

use std::collections::HashMap;

use duikou_proto::COMMENTED_DESCRIPTOR_SET;
use prost::Message;
use prost_reflect::{EnumDescriptor, FieldDescriptor, FileDescriptor, MessageDescriptor};
use prost_reflect::{EnumValueDescriptor, MethodDescriptor, ServiceDescriptor};
use prost_types::FileDescriptorSet;

use crate::http::names;

/// All comments, by file and place. They name fields as JSON does.
pub(super) struct Comments(HashMap<(String, Vec<i32>), String>);

impl Comments {
    pub(super) fn read() -> Self {
        let set =
            FileDescriptorSet::decode(COMMENTED_DESCRIPTOR_SET).expect("the contract was compiled with this program");
        let mut comments = HashMap::new();
        for file in set.file {
            let name = file.name.unwrap_or_default();
            for location in file.source_code_info.unwrap_or_default().location {
                if let Some(text) = location.leading_comments.as_deref().map(paragraphs).filter(|t| !t.is_empty()) {
                    comments.insert((name.clone(), location.path), in_rest(&text));
                }
            }
        }
        Self(comments)
    }

    fn at(&self, file: &FileDescriptor, path: &[i32]) -> String {
        self.0.get(&(file.name().to_owned(), path.to_vec())).cloned().unwrap_or_default()
    }

    pub(super) fn service(&self, it: &ServiceDescriptor) -> String {
        self.at(&it.parent_file(), it.path())
    }

    pub(super) fn method(&self, it: &MethodDescriptor) -> String {
        self.at(&it.parent_file(), it.path())
    }

    pub(super) fn message(&self, it: &MessageDescriptor) -> String {
        self.at(&it.parent_file(), it.path())
    }

    pub(super) fn field(&self, it: &FieldDescriptor) -> String {
        self.at(&it.parent_file(), it.path())
    }

    pub(super) fn list(&self, it: &EnumDescriptor) -> String {
        self.at(&it.parent_file(), it.path())
    }

    pub(super) fn value(&self, it: &EnumValueDescriptor) -> String {
        self.at(&it.parent_file(), it.path())
    }
}

/// A type of event, which is written as a field is and is none.
const EVENT: &str = "listing.no_longer";

/// A comment for whoever reads and writes JSON.
fn in_rest(text: &str) -> String {
    text.split(EVENT).map(names::in_json).collect::<Vec<_>>().join(EVENT)
}

/// The first sentence of a comment, or what goes before a semicolon in it. A full stop within a word (`listing.published`)
/// ends none.
pub(super) fn summary(text: &str) -> &str {
    let ends = |(index, character): &(usize, char)| {
        let rest = text.get(index + 1..).unwrap_or_default();
        matches!(*character, '.' | ';') && rest.chars().next().is_none_or(char::is_whitespace)
    };
    let end = text.char_indices().find(ends).map_or(text.len(), |(index, _)| index);
    text.get(..end).unwrap_or_default().trim()
}

/// Lines that belong together are one; an empty line parts.
fn paragraphs(comment: &str) -> String {
    let mut text = String::new();
    for line in comment.lines().map(str::trim) {
        match line {
            "" if !text.is_empty() => text.push_str("\n\n"),
            "" => {}
            line => {
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push(' ');
                }
                text.push_str(line);
            }
        }
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sentence_is_the_summary() {
        assert_eq!(summary("Returns one. Or none."), "Returns one");
        assert_eq!(summary("Publishes one; answered later."), "Publishes one");
        assert_eq!(summary("Sends a `subscription.test` now. Again."), "Sends a `subscription.test` now");
        assert_eq!(summary("Ends it"), "Ends it");
        assert_eq!(summary("有.\n\n二"), "有");
        assert_eq!(summary(""), "");
    }

    #[test]
    fn fields_are_named_as_in_json_and_types_of_events_as_they_are() {
        let text = "After `start_time`: `listing.no_longer`, or `listing.withdrawn` of `FeedEvent.no_longer`.";
        let told = "After `startTime`: `listing.no_longer`, or `listing.withdrawn` of `FeedEvent.noLonger`.";
        assert_eq!(in_rest(text), told);
    }

    #[test]
    fn a_comment_is_told_in_paragraphs() {
        assert_eq!(paragraphs(" One\n two.\n\n Three.\n"), "One two.\n\nThree.");
        assert_eq!(paragraphs("\n\n"), "");
    }
}
