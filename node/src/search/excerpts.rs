//! Pieces of a listing's text in which the words of a query stand.

use duikou_proto::v1::{CharacterRange, Excerpt, Opportunity};

use super::beside::beside;
use super::query::{Query, Reach, matched};

/// Characters of a piece of the body.
const EXCERPT_CHARS: usize = 120;
/// Characters that stand before the first word found in it.
const LEAD_CHARS: usize = 20;

/// The excerpts of one listing: title and summary whole, of the body the piece with the most found in it; where they hold
/// nothing, what else does.
pub(crate) fn excerpts(opportunity: &Opportunity, query: &Query, reach: Reach) -> Vec<Excerpt> {
    if query.wanted.is_empty() {
        return Vec::new();
    }
    let pieces = [
        whole("title", &opportunity.title, query, reach, true),
        whole("summary", &opportunity.summary, query, reach, false),
        piece_of("body", &opportunity.body, query, reach),
    ];
    let pieces: Vec<Excerpt> = pieces.into_iter().flatten().collect();
    if pieces.is_empty() { beside(opportunity, query, reach) } else { pieces }
}

/// A text whole; None where nothing is found in it.
pub(super) fn whole(field: &str, text: &str, query: &Query, reach: Reach, spelt: bool) -> Option<Excerpt> {
    let found = matched(text, query, reach, spelt);
    (!found.is_empty()).then(|| found_in(field, text, found))
}

/// A text whole, with what was found in it, in characters.
pub(super) fn found_in(field: &str, text: &str, found: Vec<(usize, usize)>) -> Excerpt {
    Excerpt {
        field: field.to_owned(),
        text: text.to_owned(),
        highlights: found.into_iter().map(|range| highlight(range, 0)).collect(),
        cut_before: false,
        cut_after: false,
    }
}

fn highlight((start, end): (usize, usize), before: usize) -> CharacterRange {
    let number = |at: usize| i32::try_from(at - before).unwrap_or(i32::MAX);
    CharacterRange { start: number(start), end: number(end) }
}

/// Of a text the piece with the most found in it; None where nothing is.
pub(super) fn piece_of(field: &str, text: &str, query: &Query, reach: Reach) -> Option<Excerpt> {
    let found = matched(text, query, reach, false);
    let (_, (start, _)) = found.iter().enumerate().max_by_key(|(at, (start, _))| {
        // They are in order, and apart.
        let within = |(_, to): &&(usize, usize)| *to <= start + EXCERPT_CHARS - LEAD_CHARS;
        // The first of the best.
        (found[*at..].iter().take_while(within).count(), usize::MAX - start)
    })?;
    let length = text.chars().count();
    let lead = start.saturating_sub(LEAD_CHARS).min(length.saturating_sub(EXCERPT_CHARS));
    let start = if lead == 0 { 0 } else { after_mark(text, lead, *start) };
    let end = (start + EXCERPT_CHARS).min(length);
    let highlights = found.iter().filter(|(from, to)| *from >= start && *to <= end);
    Some(Excerpt {
        field: field.to_owned(),
        text: text.chars().skip(start).take(end - start).collect(),
        highlights: highlights.map(|range| highlight(*range, start)).collect(),
        cut_before: start > 0,
        cut_after: end < length,
    })
}

/// Where in a text the first clause or Latin word begins at `from` or soon after, before `to`; else `from`. In characters.
fn after_mark(text: &str, from: usize, to: usize) -> usize {
    let is_mark = |c: char| c.is_whitespace() || "，。；：！？、".contains(c);
    let window = || text.chars().enumerate().take(to).skip(from);
    let mark = window().take(LEAD_CHARS).position(|(_, c)| is_mark(c));
    let begins = window().skip(mark.unwrap_or(usize::MAX)).find(|(_, c)| !is_mark(*c));
    begins.map_or(from, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::super::query::parse;
    use super::*;

    #[test]
    fn the_piece_of_the_body_with_the_most_found_in_it_is_shown() {
        let body =
            format!("{}茶。{}茶叶与冷链，再说冷链。{}", "无关".repeat(100), "别的".repeat(200), "其他".repeat(100));
        let listing = Opportunity { title: "好茶".to_owned(), body, ..Opportunity::default() };
        let found = excerpts(&listing, &parse("茶 冷链", false).unwrap(), Reach::Exact);
        assert_eq!(found.iter().map(|excerpt| &*excerpt.field).collect::<Vec<_>>(), ["title", "body"]);
        let characters: Vec<char> = found[1].text.chars().collect();
        let marked = |range: &CharacterRange| characters[range.start as usize..range.end as usize].iter().collect();
        let marked: Vec<String> = found[1].highlights.iter().map(marked).collect();
        assert_eq!(marked, ["茶", "冷链", "冷链"]);
        assert!(found[1].cut_before && found[1].cut_after && characters.len() == EXCERPT_CHARS);
    }

    #[test]
    fn a_piece_of_the_body_begins_with_a_clause_or_a_word() {
        let begins = |before: &str| {
            let body = format!("{}{before}冷链{}", "无关".repeat(100), "别的".repeat(200));
            let listing = Opportunity { body, ..Opportunity::default() };
            let found = excerpts(&listing, &parse("冷链", false).unwrap(), Reach::Exact);
            found[0].text.split("冷链").next().unwrap().to_owned()
        };
        assert_eq!(begins("电商直发一体中心，已有土地与交易流量，寻找"), "已有土地与交易流量，寻找");
        assert_eq!(begins("the plant is running, and seeks"), "running, and seeks");
        assert_eq!(begins("。\n\n- "), "- ");
        assert_eq!(begins("没有停顿的一句长长的话直到这里为止都是"), "关没有停顿的一句长长的话直到这里为止都是");
    }

    #[test]
    fn a_filter_alone_marks_nothing() {
        assert!(excerpts(&Opportunity::default(), &Query::default(), Reach::Exact).is_empty());
    }
}
