//! Near-same texts: what two listings have in common when one was written from the other. MinHash over the four-character
//! pieces of the folded text, in bands: texts whose pieces agree by more than about 0.6 (Jaccard) nearly always share a
//! band, and [`Pieces::likeness`] then says how much they agree.

use duikou_proto::v1::Opportunity;

use super::analysis::fold;

/// Characters of a piece.
const PIECE: usize = 4;
/// Hashes that must agree for a band to agree.
const ROWS: usize = 4;
/// Bands, of which one must agree.
const BANDS: usize = 8;
/// From how much agreement on two texts are near-same.
pub(crate) const NEAR_SAME: f64 = 0.7;

/// The pieces of a listing's texts, folded: taken once, compared with many. In order, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pieces(Vec<u64>);

impl Pieces {
    /// Those of title, summary and body.
    pub(crate) fn of(opportunity: &Opportunity) -> Self {
        let folded = [&opportunity.title, &opportunity.summary, &opportunity.body].map(|text| fold(text).text);
        Self::of_folded(folded.iter().map(String::as_str))
    }

    /// Those of texts that are folded.
    pub(crate) fn of_folded<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let characters = characters(texts);
        let mut pieces: Vec<u64> = pieces(&characters).collect();
        pieces.sort_unstable();
        pieces.dedup();
        Self(pieces)
    }

    /// Their bands.
    pub(crate) fn bands(&self) -> Vec<u64> {
        bands(self.0.iter().copied())
    }

    /// How much two listings agree in their texts: common pieces by all pieces.
    pub(crate) fn likeness(&self, other: &Self) -> f64 {
        let common = self.0.iter().filter(|piece| other.0.binary_search(piece).is_ok()).count();
        let all = self.0.len() + other.0.len() - common;
        if all == 0 { 0.0 } else { common as f64 / all as f64 }
    }
}

/// The bands of texts that are folded, without their pieces, which are many.
pub(crate) fn bands_of_folded<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<u64> {
    bands(pieces(&characters(texts)))
}

fn characters<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<char> {
    texts.into_iter().flat_map(str::chars).filter(|character| character.is_alphanumeric()).collect()
}

/// The pieces in their order, as numbers.
fn pieces(characters: &[char]) -> impl Iterator<Item = u64> {
    let whole = if characters.len() < PIECE { characters } else { &[] };
    let hash = |piece: &[char]| piece.iter().fold(0, |hash, character| mix(hash ^ u64::from(u32::from(*character))));
    let short = (!whole.is_empty()).then_some(whole);
    short.into_iter().chain(characters.windows(PIECE)).map(hash)
}

/// The bands as numbers, each with its place before it. Half a hash: what agrees by chance is compared in full later, and
/// short terms make a small dictionary.
fn bands(pieces: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut least = [u64::MAX; ROWS * BANDS];
    let mut none = true;
    for piece in pieces {
        none = false;
        for ((factor, summand), least) in HASHES.iter().zip(&mut least) {
            *least = (*least).min(piece.wrapping_mul(*factor).wrapping_add(*summand));
        }
    }
    if none {
        return Vec::new();
    }
    let band = |(number, rows): (usize, &[u64])| {
        let hash = rows.iter().fold(number as u64, |hash, row| mix(hash.rotate_left(23) ^ row));
        (number as u64) << 32 | hash >> 32
    };
    least.chunks(ROWS).enumerate().map(band).collect()
}

/// Further hashes of a hash, each by a factor and a summand: whole ones for each piece would be most of the work that a
/// listing makes before it is indexed.
const HASHES: [(u64, u64); ROWS * BANDS] = {
    let mut hashes = [(0, 0); ROWS * BANDS];
    let mut at = 0;
    while at < hashes.len() {
        hashes[at] = (mix(2 * at as u64) | 1, mix(2 * at as u64 + 1));
        at += 1;
    }
    hashes
};

/// A bijection that spreads every bit over all (the finaliser of SplitMix64).
const fn mix(mut value: u64) -> u64 {
    value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &str) -> Opportunity {
        Opportunity { title: "冷链物流园招商".to_owned(), body: body.to_owned(), ..Opportunity::default() }
    }

    fn shingles(opportunity: &Opportunity) -> Vec<u64> {
        Pieces::of(opportunity).bands()
    }

    fn likeness(one: &Opportunity, other: &Opportunity) -> f64 {
        Pieces::of(one).likeness(&Pieces::of(other))
    }

    #[test]
    fn a_listing_has_the_bands_of_its_pieces() {
        for listing in [Opportunity::default(), text("茶"), text(BODY), text(&BODY.repeat(2))] {
            let texts = [&listing.title, &listing.summary, &listing.body].map(|text| fold(text).text);
            assert_eq!(bands_of_folded(texts.iter().map(String::as_str)), Pieces::of(&listing).bands());
        }
    }

    const BODY: &str = "项目位于毕节市七星关区，占地三百亩，规划冷库十万吨，配套分拣中心与电商办公楼，面向粤港澳大湾区供应生鲜农产品，\
        诚邀有冷链运营经验的企业合作投资，土地已完成平整，水电路气通达，享受西部大开发税收优惠。";

    #[test]
    fn a_copy_with_small_changes_shares_a_band_and_another_text_does_not() {
        let original = text(BODY);
        let copied = text(&BODY.replace("三百亩", "300亩").replace("诚邀", "誠邀"));
        let other = text("高新区算力中心寻求融资，建设期两年，采购国产服务器，服务本地人工智能企业与高校科研团队。");
        let shared = |one: &Opportunity, other: &Opportunity| {
            let bands = shingles(one);
            shingles(other).iter().any(|band| bands.contains(band))
        };
        assert!(likeness(&original, &copied) > NEAR_SAME && shared(&original, &copied));
        assert!(likeness(&original, &other) < 0.2 && !shared(&original, &other));
    }

    #[test]
    fn an_empty_listing_is_like_nothing() {
        assert!(shingles(&Opportunity::default()).is_empty());
        assert!(likeness(&Opportunity::default(), &Opportunity::default()) < NEAR_SAME);
    }
}
