//! All clauses on one segment, one window after the other.

use tantivy::index::SegmentReader;
use tantivy::{DocId, Score};

use super::readers::Reader;
use super::weighed::{Node, Weighed};
use super::window::{Spare, WINDOW};

impl Weighed {
    /// Every document of a segment that is looked for, in order, with its score; deleted ones too.
    ///
    /// # Errors
    /// Where the index is damaged.
    pub(in crate::search) fn each(
        &self,
        segment: &SegmentReader,
        spare: &mut Spare,
        mut found: impl FnMut(DocId, Score),
    ) -> tantivy::Result<()> {
        let open = |node: &Node| Reader::open(node, segment);
        let mut wanted = open(&self.wanted)?;
        let mut unwanted = self.unwanted.iter().map(open).collect::<tantivy::Result<Vec<_>>>()?;
        let mut ranking = self.ranking.as_ref().map(open).transpose()?;
        if matches!(wanted, Reader::Nothing) {
            return Ok(());
        }
        for first in (0..segment.max_doc()).step_by(WINDOW) {
            let mut window = spare.take(first);
            wanted.fill(&mut window, None, spare);
            if window.is_empty() {
                spare.give(window);
                continue;
            }
            for unwanted in &mut unwanted {
                let mut one = spare.take(first);
                unwanted.fill(&mut one, Some(window.hits()), spare);
                window.leave(&one);
                spare.give(one);
            }
            if let Some(ranking) = &mut ranking {
                let mut one = spare.take(first);
                ranking.fill(&mut one, Some(window.hits()), spare);
                window.raise(&one);
                spare.give(one);
            }
            window.each(&mut found);
            spare.give(window);
        }
        Ok(())
    }
}
