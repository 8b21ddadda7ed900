//! The segmenter's dictionary: once a process, made when first needed.

use std::sync::OnceLock;

use duikou_proto::reference::{Entry, regions};
use tantivy_jieba::jieba_rs::Jieba;

use super::is_han;

/// Words of this network's trade that the segmenter's own dictionary lacks.
const TRADE: [&str; 40] = [
    "冷链",
    "对口",
    "专精特新",
    "碳中和",
    "碳达峰",
    "预制菜",
    "乡村振兴",
    "跨境电商",
    "新能源",
    "储能",
    "光伏",
    "数字经济",
    "工业互联网",
    "大数据",
    "算力",
    "生物医药",
    "康养",
    "文旅",
    "研学",
    "飞地经济",
    "产业转移",
    "招商引资",
    "招才引智",
    "银企对接",
    "供应链",
    "产业链",
    "产业基金",
    "天使轮",
    "科创",
    "成果转化",
    "技术转让",
    "揭榜挂帅",
    "劳务协作",
    "稳岗",
    "用工",
    "订单班",
    "东西部协作",
    "大湾区",
    "泛珠三角",
    "乡村旅游",
];

/// The frequency of short place names: enough to hold their characters together, too little to break other words.
const PLACE_FREQUENCY: usize = 3;

/// The dictionary; the first call makes it, which takes a good part of a second.
pub(crate) fn dictionary() -> &'static Jieba {
    static DICTIONARY: OnceLock<Jieba> = OnceLock::new();
    DICTIONARY.get_or_init(segmenter)
}

fn segmenter() -> Jieba {
    let mut jieba = Jieba::new();
    for word in TRADE {
        if !jieba.has_word(word) {
            jieba.add_word(word, None, None);
        }
    }
    for entry in regions().entries().iter().filter(|entry| entry.level != "country") {
        for name in place_names(entry) {
            if !jieba.has_word(&name) {
                let short = name.chars().count() == 2;
                jieba.add_word(&name, short.then_some(PLACE_FREQUENCY), None);
            }
        }
    }
    jieba
}

/// The Chinese names of a place, whole and short.
fn place_names(entry: &Entry) -> Vec<String> {
    let mut names = regions().names(entry);
    names.retain(|name| name.chars().all(is_han));
    names
}
