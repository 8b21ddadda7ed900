//! The project's pages, as tests execute them: their blocks of code, in their order.

use std::path::Path;

/// A block of a page.
pub(crate) struct Block {
    /// What stands behind the fence: a language, and what the page's test makes of the rest.
    pub(crate) info: String,
    pub(crate) lines: Vec<String>,
}

impl Block {
    /// As a program reads it.
    pub(crate) fn text(&self) -> String {
        self.lines.join("\n")
    }
}

/// A page, by its path in the repository.
pub(crate) fn page(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The blocks of a page.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            let text = lines.by_ref().take_while(|line| *line != "```").map(str::to_owned);
            blocks.push(Block { info: info.trim().to_owned(), lines: text.collect() });
        }
    }
    blocks
}
