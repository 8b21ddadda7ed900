//! Whether a listing that is in no index holds what a query asks for: what has ended is looked through one by one.

use duikou_proto::envelope::Micros;
use duikou_proto::v1::Opportunity;

use super::analysis::fold;
use super::document::{code_form, names_of_places, other_texts};
use super::query::{Item, Query, Reach, is_code, matched, names_in};

/// The texts of a listing.
struct Texts<'a> {
    /// Title, tags and names of places, which are found by letters too.
    spelt: Vec<&'a str>,
    others: Vec<&'a str>,
    codes: Vec<String>,
    /// The whole of it.
    opportunity: &'a Opportunity,
    now: Micros,
}

/// Whether each word and phrase that is wanted stands in it, as they are meant at `now`, and none that is not.
pub(crate) fn holds(opportunity: &Opportunity, query: &Query, now: Micros) -> bool {
    let mut spelt = vec![&*opportunity.title];
    spelt.extend(opportunity.tags.iter().map(String::as_str));
    spelt.extend(names_of_places(opportunity));
    let mut others = vec![&*opportunity.summary, &*opportunity.body];
    others.extend(other_texts(opportunity).into_iter().map(|(_, text)| text));
    let codes = opportunity.external_codes.iter().map(|code| code_form(&code.code)).collect();
    let texts = Texts { spelt, others, codes, opportunity, now };
    let alone = query.wanted.len() == 1;
    query.wanted.iter().all(|item| texts.hold(item, alone)) && !query.unwanted.iter().any(|item| texts.hold(item, true))
}

impl Texts<'_> {
    fn hold(&self, item: &Item, alone: bool) -> bool {
        let code = code_form(&item.text);
        if is_code(&code) && self.codes.contains(&code) {
            return true;
        }
        let mut all = self.spelt.iter().chain(&self.others);
        if item.phrase {
            return all.any(|text| fold(text).text.contains(&item.text));
        }
        let last = item.words.len().saturating_sub(1);
        let names = names_in(&item.words, alone);
        let meant = |at: usize| {
            let named = names.iter().find(|(range, _)| range.contains(&at));
            named.is_some_and(|(_, meant)| meant.iter().any(|meant| meant.is_of(self.opportunity, self.now)))
        };
        item.words.iter().enumerate().all(|(at, (word, han))| {
            if meant(at) {
                return true;
            }
            let words = vec![(word.clone(), *han)];
            let one = Item { text: word.clone(), words, phrase: false, begun: item.begun && at == last };
            let one = Query { wanted: vec![one], unwanted: Vec::new() };
            let stands = |text: &str, spelt| !matched(text, &one, Reach::Exact, spelt).is_empty();
            self.spelt.iter().any(|text| stands(text, true)) || self.others.iter().any(|text| stands(text, false))
        })
    }
}

#[cfg(test)]
mod tests {
    use duikou_proto::v1::Contact;

    use super::super::query::parse;
    use super::*;

    #[test]
    fn words_phrases_letters_places_and_exclusions_find_what_has_ended() {
        let listing = Opportunity {
            title: "冷链物流园招商".to_owned(),
            summary: "Cold chain logistics".to_owned(),
            body: "占地二百亩，连接高速。".to_owned(),
            tags: vec!["招商引资".to_owned()],
            regions: vec!["520500".to_owned()],
            industries: vec!["5920".to_owned()],
            contact: Some(Contact { office: "毕节市驻深圳联络处".to_owned(), ..Contact::default() }),
            ..Opportunity::default()
        };
        let found = |query: &str| holds(&listing, &parse(query, false).unwrap(), 0);
        for query in [
            "冷链",
            "冷鏈 二百亩",
            "“冷链物流”",
            "lenglian",
            "毕节",
            "bijie",
            "logistic",
            "联络处",
            "冷链 -广州",
            "招商引资",
            "贵州省",
            "guizhou 冷链",
            "装卸搬运和仓储业",
        ] {
            assert!(found(query), "{query}");
        }
        for query in
            ["茶", "冷链 茶", "“物流冷链”", "冷链 -招商", "guangzhou", "erbaimu", "广东", "冷链 -贵州", "“贵州”"]
        {
            assert!(!found(query), "{query}");
        }
    }
}
