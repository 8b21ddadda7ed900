//! What the contract says of itself: the comments of the `.proto` files, which stand in the compiled descriptors.

use std::collections::HashMap;

use prost_reflect::{DescriptorPool, EnumDescriptor, FieldDescriptor, FileDescriptor, MessageDescriptor};
use prost_reflect::{EnumValueDescriptor, MethodDescriptor, ServiceDescriptor};

/// All comments, by file and place.
pub(super) struct Comments(HashMap<(String, Vec<i32>), String>);

impl Comments {
    pub(super) fn read(pool: &DescriptorPool) -> Self {
        let mut comments = HashMap::new();
        for file in pool.files() {
            let info = file.file_descriptor_proto().source_code_info.clone().unwrap_or_default();
            for location in info.location {
                if let Some(text) = location.leading_comments.as_deref().map(paragraphs).filter(|t| !t.is_empty()) {
                    comments.insert((file.name().to_owned(), location.path), text);
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
    fn a_comment_is_told_in_paragraphs() {
        assert_eq!(paragraphs(" One\n two.\n\n Three.\n"), "One two.\n\nThree.");
        assert_eq!(paragraphs("\n\n"), "");
    }
}
