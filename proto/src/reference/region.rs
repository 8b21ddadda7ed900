//! What is particular to regions: their short names, and the ISO codes for parts of China.

use std::borrow::Cow;

use super::{Entry, regions};

/// The form in which a region is stored: 810000, 820000 and 710000 for ISO's HK, MO and TW, and country codes in
/// capital letters. Any other text is returned as it is, known or not.
pub fn normalise_region(code: &str) -> Cow<'_, str> {
    if code.len() != 2 || !code.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Cow::Borrowed(code);
    }
    let capitals = code.to_ascii_uppercase();
    match &*capitals {
        "HK" => Cow::Borrowed("810000"),
        "MO" => Cow::Borrowed("820000"),
        "TW" => Cow::Borrowed("710000"),
        _ => match regions().get(&capitals) {
            Some(country) => Cow::Borrowed(country.code),
            None => Cow::Borrowed(code),
        },
    }
}

/// The longer before those with which they end.
const AUTONOMOUS: [(&str, &str); 4] = [("自治区", ""), ("自治州", "州"), ("自治县", "县"), ("自治旗", "旗")];
const SUFFIXES: [&str; 9] = ["特别行政区", "地区", "省", "市", "县", "区", "州", "盟", "旗"];

/// The peoples in whose names divisions are autonomous, as the names of the divisions write them.
const PEOPLES: [&str; 51] = [
    "蒙古族",
    "蒙古",
    "回族",
    "藏族",
    "维吾尔",
    "苗族",
    "彝族",
    "壮族",
    "布依族",
    "朝鲜族",
    "满族",
    "侗族",
    "瑶族",
    "白族",
    "土家族",
    "哈尼族",
    "哈萨克族",
    "哈萨克",
    "傣族",
    "黎族",
    "傈僳族",
    "佤族",
    "畲族",
    "拉祜族",
    "水族",
    "东乡族",
    "纳西族",
    "景颇族",
    "柯尔克孜",
    "土族",
    "达斡尔族",
    "仫佬族",
    "羌族",
    "布朗族",
    "撒拉族",
    "毛南族",
    "仡佬族",
    "锡伯",
    "塔吉克",
    "怒族",
    "普米族",
    "鄂温克族",
    "保安族",
    "裕固族",
    "独龙族",
    "鄂伦春",
    "各族",
    "俄罗斯族",
    "阿昌族",
    "德昂族",
    "基诺族",
];

/// The Chinese name without what says only the kind of division, with at least two characters left: 长顺 for 长顺县; 黔南
/// and 黔南州 for 黔南布依族苗族自治州.
pub(crate) fn short_names(entry: &Entry) -> Vec<String> {
    let name = entry.name_zh;
    if entry.level == "country" {
        return Vec::new();
    }
    for (suffix, short) in AUTONOMOUS {
        if let Some(stem) = name.strip_suffix(suffix) {
            let stem = without_peoples(stem);
            return vec![stem.to_owned(), format!("{stem}{short}")];
        }
    }
    SUFFIXES
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .filter(long_enough)
        .map(str::to_owned)
        .into_iter()
        .collect()
}

fn without_peoples(mut stem: &str) -> &str {
    while let Some(shorter) = PEOPLES.iter().find_map(|people| stem.strip_suffix(people)).filter(long_enough) {
        stem = shorter;
    }
    stem
}

/// A single character is the name of too much.
fn long_enough(stem: &&str) -> bool {
    stem.chars().count() >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_china_have_one_code_each() {
        for (code, normal) in
            [("HK", "810000"), ("mo", "820000"), ("TW", "710000"), ("us", "US"), ("440300", "440300"), ("zz", "zz")]
        {
            assert_eq!(normalise_region(code), normal);
        }
        assert!(["CN", "HK", "MO", "TW"].iter().all(|code| regions().get(code).is_none()));
    }

    #[test]
    fn autonomous_divisions_are_called_by_their_place() {
        let names = |code| short_names(regions().get(code).unwrap());
        assert_eq!(names("522700"), ["黔南", "黔南州"]);
        assert_eq!(names("433100"), ["湘西", "湘西州"]);
        assert_eq!(names("653000"), ["克孜勒苏", "克孜勒苏州"]);
        assert_eq!(names("150000"), ["内蒙古", "内蒙古"]);
        assert_eq!(names("542500"), ["阿里"]);
        assert_eq!(names("150723"), ["鄂伦春", "鄂伦春旗"]);
    }
}
