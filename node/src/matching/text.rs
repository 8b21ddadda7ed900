//! How alike two texts are: by the pairs of Chinese characters and the Latin words that both have. What the title and the
//! tags say weighs more than what the summary does; what nearly every listing says does not count, nor do numbers.

use std::collections::BTreeSet;

use duikou_proto::fold::fold;
use duikou_proto::v1::Opportunity;

/// Features of one text: more say nothing more.
const FEATURES: usize = 1_000;
/// What is common to both titles, to a title and a summary, to both summaries; so much together is all that texts can say.
const WEIGHTS: [f64; 3] = [2.0, 1.0, 0.5];
const ALIKE: f64 = 6.0;
/// Words in common that are shown.
const SHOWN: usize = 3;
/// Shorter Latin words say nothing.
const WORD: usize = 3;
/// A pair with one of these counts something.
const DIGITS: &str = "一二三四五六七八九十百千万亿两";

/// Said in listings of every kind, and the names of the cities of the network, which their regions say better. Sorted.
const COMMON: [&str; 129] = [
    "and", "are", "cities", "for", "from", "in", "of", "on", "or", "paired", "the", "to", "with", "万元", "万吨",
    "专业", "业与", "业联", "东莞", "个月", "中心", "主办", "交通", "产业", "人员", "亿元", "以上", "企业", "低于",
    "作地", "使用", "供应", "免费", "全部", "公司", "共建", "内地", "分之", "制造", "办方", "加工", "劳务", "协作",
    "单位", "南昌", "发展", "合作", "合计", "哈尔", "团队", "园区", "地区", "培训", "基金", "安排", "完成", "对口",
    "对接", "寻找", "寻求", "小时", "工作", "巫山", "市场", "希望", "平方", "广州", "建设", "开展", "征集", "惠州",
    "成本", "成都", "承担", "承接", "技术", "投资", "招商", "招聘", "拟在", "提供", "支持", "改造", "方向", "方米",
    "昆明", "服务", "本地", "林芝", "标准", "检测", "毕节", "求合", "河源", "注册", "深圳", "澳门", "现场", "现有",
    "生产", "电子", "百二", "监测", "稳定", "管理", "系统", "组织", "联合", "能力", "装备", "要求", "计划", "设备",
    "负责", "贷款", "转移", "运营", "适合", "配套", "采购", "重庆", "长期", "集中", "需求", "面向", "项目", "食品",
    "香港", "黔南",
];

/// What of a listing's texts is compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Features {
    /// Title and tags.
    title: BTreeSet<String>,
    /// What the summary has beside.
    summary: BTreeSet<String>,
    /// Title and tags, folded.
    words: String,
}

impl Features {
    /// Of what the writer chose to say first.
    pub(super) fn of(opportunity: &Opportunity) -> Self {
        let mut title = BTreeSet::new();
        for text in std::iter::once(&opportunity.title).chain(&opportunity.tags) {
            collect(text, &mut title);
        }
        let mut summary = BTreeSet::new();
        collect(&opportunity.summary, &mut summary);
        summary.retain(|feature| !title.contains(feature));
        let words: Vec<String> =
            std::iter::once(&opportunity.title).chain(&opportunity.tags).map(|text| fold(text).text).collect();
        Self { title, summary, words: words.join("\n") }
    }

    /// What both titles say, folded, the longest first; at most [`SHOWN`].
    pub(super) fn common_words(&self, other: &Self) -> Vec<String> {
        let common: BTreeSet<&String> = self.title.intersection(&other.title).collect();
        let runs = [runs(&self.words, &common), runs(&other.words, &common)].concat();
        let mut said: Vec<String> = runs
            .into_iter()
            .filter(|run| self.words.contains(run.as_str()) && other.words.contains(run.as_str()))
            .collect();
        said.sort_by(|a, b| b.chars().count().cmp(&a.chars().count()).then(a.cmp(b)));
        said.dedup();
        said.truncate(SHOWN);
        said
    }

    /// 0 to 1, from either side the same.
    pub(super) fn likeness(&self, other: &Self) -> f64 {
        let common = |one: &BTreeSet<String>, other: &BTreeSet<String>| one.intersection(other).count() as f64;
        let mixed = common(&self.title, &other.summary) + common(&self.summary, &other.title);
        let [titles, crossed, summaries] = WEIGHTS;
        let sum = titles * common(&self.title, &other.title)
            + crossed * mixed
            + summaries * common(&self.summary, &other.summary);
        (sum / ALIKE).min(1.0)
    }
}

/// The pieces of a text all of whose pairs, or which themselves, are among these.
fn runs(text: &str, common: &BTreeSet<&String>) -> Vec<String> {
    let mut found = Vec::new();
    for piece in text.split(|c: char| !c.is_alphanumeric()) {
        if piece.is_ascii() {
            found.extend(Some(piece.to_owned()).filter(|word| common.contains(word)));
            continue;
        }
        let (letters, mut run) = (piece.chars().collect::<Vec<char>>(), String::new());
        for pair in letters.windows(2) {
            if common.contains(&pair.iter().collect::<String>()) {
                if run.is_empty() {
                    run.push(pair[0]);
                }
                run.push(pair[1]);
            } else {
                found.push(std::mem::take(&mut run));
            }
        }
        found.push(run);
    }
    found.retain(|run| !run.is_empty());
    found
}

fn collect(text: &str, features: &mut BTreeSet<String>) {
    let mut add = |feature: String| {
        let counts = feature.chars().any(|c| DIGITS.contains(c));
        if !counts && features.len() < FEATURES && COMMON.binary_search(&feature.as_str()).is_err() {
            features.insert(feature);
        }
    };
    let (mut word, mut before) = (String::new(), None);
    for c in fold(text).text.chars().chain([' ']) {
        let letter = c.is_alphabetic() && !c.is_ascii();
        if letter && let Some(before) = before {
            add([before, c].iter().collect());
        }
        before = letter.then_some(c);
        if c.is_ascii_alphanumeric() {
            word.push(c);
        } else {
            let word = std::mem::take(&mut word);
            if word.len() >= WORD && !word.bytes().all(|b| b.is_ascii_digit()) {
                add(word);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(title: &str, summary: &str) -> Features {
        Features::of(&Opportunity { title: title.to_owned(), summary: summary.to_owned(), ..Opportunity::default() })
    }

    #[test]
    fn the_common_ones_are_sorted_so_that_they_are_found() {
        assert!(COMMON.is_sorted_by(|a, b| a < b), "{COMMON:?}");
    }

    #[test]
    fn texts_about_one_thing_are_alike_and_others_are_not() {
        let wanted = features("寻求松茸冷链保鲜与采后处理技术", "");
        let close = features("荔枝、香蕉产后保鲜剂替代与气调包装技术", "");
        let closer = features("松茸保鲜包装", "");
        let other = features("征集锰渣、电解铝赤泥协同固化技术", "");
        assert!(wanted.likeness(&close) > 0.2 && wanted.likeness(&closer) > wanted.likeness(&close));
        assert_eq!(wanted.likeness(&other), 0.0);
        assert_eq!(wanted.likeness(&close).to_bits(), close.likeness(&wanted).to_bits());
        assert_eq!(wanted.likeness(&wanted).to_bits(), 1.0_f64.to_bits());
        let mentioned = features("生鲜仓库", "适合松茸等");
        assert!(mentioned.likeness(&wanted) > 0.0 && mentioned.likeness(&wanted) < closer.likeness(&wanted));
    }

    #[test]
    fn what_both_say_is_shown_as_it_stands() {
        let shown = |one: &str, other: &str| {
            let (one, other) = (features(one, ""), features(other, ""));
            assert_eq!(one.common_words(&other), other.common_words(&one));
            one.common_words(&other)
        };
        assert_eq!(shown("求购高山绿茶", "纳雍高山绿茶基地"), ["高山绿茶"]);
        assert_eq!(shown("Biodegradable film wanted", "Film, biodegradable"), ["biodegradable", "film"]);
        assert_eq!(shown("求购高山绿茶", "赤泥固化"), [""; 0]);
        assert_eq!(shown("求購冷鏈", "供应冷链"), ["冷链"], "whatever characters they are written in");
    }

    #[test]
    fn latin_words_count_whole_and_numbers_not() {
        let found = features("Biodegradable mulch film 2027 for farms, 三十吨", "");
        assert_eq!(
            found.title.iter().map(String::as_str).collect::<Vec<_>>(),
            ["biodegradable", "farms", "film", "mulch"]
        );
    }
}
