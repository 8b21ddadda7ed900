//! What a listing's texts are about: the pairs of Chinese characters and the Latin words in them. What the title and the tags
//! say is told from what the summary says beside; what nearly every listing says does not count, nor do numbers.

use std::collections::BTreeSet;

use super::analysis::is_known;

/// Features of title and tags, and of the summary: more say nothing more.
const FEATURES: usize = 1_000;
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

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Features {
    /// Of title and tags.
    pub(crate) title: BTreeSet<String>,
    /// What the summary has beside.
    pub(crate) summary: BTreeSet<String>,
}

impl Features {
    /// Of folded texts, those of title and tags before the summary.
    pub(crate) fn of_folded<'a>(titles: impl IntoIterator<Item = &'a str>, summary: &str) -> Self {
        let (mut of_titles, mut of_summary) = (Vec::new(), Vec::new());
        titles.into_iter().for_each(|text| collect(text, &mut of_titles));
        collect(summary, &mut of_summary);
        let title: BTreeSet<String> = of_titles.into_iter().map(str::to_owned).collect();
        let beside = of_summary.into_iter().filter(|feature| !title.contains(*feature));
        let summary = beside.map(str::to_owned).collect();
        Self { title, summary }
    }
}

fn collect<'a>(folded: &'a str, features: &mut Vec<&'a str>) {
    let mut add = |feature: &'a str| {
        let counts = feature.chars().any(|c| DIGITS.contains(c));
        if !counts && features.len() < FEATURES && !is_common(feature) {
            features.push(feature);
        }
    };
    // Where the letter before stands, the pair that ends with it, and where the Latin word under way begins.
    let (mut before, mut pair, mut word): (Option<usize>, Option<&'a str>, Option<usize>) = (None, None, None);
    for (at, c) in folded.char_indices() {
        let letter = c.is_alphabetic() && !c.is_ascii();
        let next = before.filter(|_| letter).map(|before| &folded[before..at + c.len_utf8()]);
        // With a common one begins another word: 心招 of 中心招商 says nothing.
        pair.filter(|pair| !next.is_some_and(is_common) || is_known(pair)).into_iter().for_each(&mut add);
        pair = next;
        before = letter.then_some(at);
        if c.is_ascii_alphanumeric() {
            word.get_or_insert(at);
        } else if let Some(from) = word.take() {
            latin(&folded[from..at], &mut add);
        }
    }
    pair.into_iter().for_each(&mut add);
    if let Some(from) = word {
        latin(&folded[from..], &mut add);
    }
}

fn is_common(feature: &str) -> bool {
    COMMON.binary_search(&feature).is_ok()
}

fn latin<'a>(word: &'a str, add: &mut impl FnMut(&'a str)) {
    if word.len() >= WORD && !word.bytes().all(|b| b.is_ascii_digit()) {
        add(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_ones_are_sorted_so_that_they_are_found() {
        assert!(COMMON.is_sorted_by(|a, b| a < b), "{COMMON:?}");
    }

    #[test]
    fn where_a_common_word_begins_another_has_ended() {
        let found = Features::of_folded(["精制中心招商，供应链基地寻求合作，农业与水产业"], "");
        let listed: Vec<&str> = found.title.iter().map(String::as_str).collect();
        assert_eq!(listed, ["与水", "农业", "基地", "应链", "水产", "精制", "链基"]);
    }

    #[test]
    fn latin_words_count_whole_and_numbers_not() {
        let found = Features::of_folded(["biodegradable mulch film 2027 for farms, 三十吨"], "mulch and straw");
        let listed = |features: &BTreeSet<String>| features.iter().cloned().collect::<Vec<_>>();
        assert_eq!(listed(&found.title), ["biodegradable", "farms", "film", "mulch"]);
        assert_eq!(listed(&found.summary), ["straw"], "what the title says too is said there");
    }
}
