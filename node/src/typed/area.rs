//! Areas of several places that have a name of their own: 全国, 粤港澳大湾区, 京津冀. One that has been laid down is read as
//! its places; what people draw in several ways, or what has no code, is asked for.

use std::collections::HashMap;
use std::sync::LazyLock;

use duikou_proto::language::{Language, Text};

use super::place::{self, Lies, Place};
use super::text::folded;
use super::{Candidate, Outcome, Unclear, Understood};

/// An area with the places that it is made of.
#[derive(Debug, PartialEq, Eq)]
pub struct Area {
    /// How people call it, the name that is shown first.
    names: &'static [&'static str],
    en: &'static str,
    /// Codes of GB/T 2260, with spaces between them.
    codes: &'static str,
    /// What belongs to it, for whoever typed it.
    what: (&'static str, &'static str),
}

/// What is no one area, and what may be meant: names of areas, or codes.
struct Open {
    names: &'static [&'static str],
    meant: &'static [&'static str],
    /// Why it is asked.
    why: (&'static str, &'static str),
}

const MAINLAND: &str = "110000 120000 130000 140000 150000 210000 220000 230000 310000 320000 330000 340000 350000 360000 \
                        370000 410000 420000 430000 440000 450000 460000 500000 510000 520000 530000 540000 610000 620000 \
                        630000 640000 650000";

const fn area(
    names: &'static [&'static str],
    en: &'static str,
    codes: &'static str,
    what: (&'static str, &'static str),
) -> Area {
    Area { names, en, codes, what }
}

/// The contract asks for one region at least and has none for the whole country: that is all of its provinces.
static AREAS: &[Area] = &[
    area(
        &["全国", "全中国", "全国范围", "全国各地", "面向全国", "不限地区", "地区不限", "全国34个省级行政区"],
        "Whole country",
        "110000 120000 130000 140000 150000 210000 220000 230000 310000 320000 330000 340000 350000 360000 370000 410000 \
         420000 430000 440000 450000 460000 500000 510000 520000 530000 540000 610000 620000 630000 640000 650000 710000 \
         810000 820000",
        ("全部34个省级行政区，含港澳台", "all 34 provinces, Hong Kong, Macao and Taiwan among them"),
    ),
    area(
        &["内地", "中国内地", "大陆", "全国（不含港澳台）", "全国（港澳台除外）", "内地31省区市", "全国31个省区市"],
        "Mainland",
        MAINLAND,
        ("31个省、自治区、直辖市，不含港澳台", "31 provinces, without Hong Kong, Macao and Taiwan"),
    ),
    area(
        &["粤港澳大湾区", "大湾区", "粤港澳"],
        "Greater Bay Area",
        "440100 440300 440400 440600 441300 441900 442000 440700 441200 810000 820000",
        ("广东九市和香港、澳门", "nine cities of Guangdong, Hong Kong and Macao"),
    ),
    area(
        &["珠三角", "珠江三角洲", "珠三角九市", "大湾区内地九市"],
        "Pearl River Delta",
        "440100 440300 440400 440600 441300 441900 442000 440700 441200",
        ("广东九市", "nine cities of Guangdong"),
    ),
    area(
        &["泛珠三角", "泛珠三角区域", "泛珠三角地区", "泛珠"],
        "Pan-Pearl River Delta",
        "350000 360000 430000 440000 450000 460000 510000 520000 530000 810000 820000",
        ("闽赣湘粤桂琼川黔滇九省区和香港、澳门", "nine provinces, Hong Kong and Macao"),
    ),
    area(
        &["粤东西北", "粤东粤西粤北", "粤东西北地区"],
        "Outer Guangdong",
        "440200 440500 440800 440900 441400 441500 441600 441700 441800 445100 445200 445300",
        ("珠三角以外的广东十二市", "the twelve cities of Guangdong outside the Pearl River Delta"),
    ),
    area(
        &["长三角", "长江三角洲", "长三角地区", "江浙沪皖", "沪苏浙皖"],
        "Yangtze River Delta",
        "310000 320000 330000 340000",
        ("上海、江苏、浙江、安徽", "Shanghai, Jiangsu, Zhejiang and Anhui"),
    ),
    area(
        &["江浙沪", "苏浙沪"],
        "Jiangsu-Zhejiang-Shanghai",
        "310000 320000 330000",
        ("江苏、浙江、上海", "Jiangsu, Zhejiang, Shanghai"),
    ),
    area(
        &["京津冀", "京津冀地区"],
        "Beijing-Tianjin-Hebei",
        "110000 120000 130000",
        ("北京、天津、河北", "Beijing, Tianjin and Hebei"),
    ),
    area(
        &["东部", "东部地区", "东部省份"],
        "Eastern region",
        "110000 120000 130000 310000 320000 330000 350000 370000 440000 460000",
        ("京津冀沪苏浙闽鲁粤琼十省市", "the ten provinces of the eastern region in official statistics"),
    ),
    area(
        &["中部", "中部地区", "中部六省", "中部省份"],
        "Central region",
        "140000 340000 360000 410000 420000 430000",
        ("山西、安徽、江西、河南、湖北、湖南", "the six provinces of the central region"),
    ),
    area(
        &["西部", "西部地区", "西部省份", "西部十二省"],
        "Western region",
        "150000 450000 500000 510000 520000 530000 540000 610000 620000 630000 640000 650000",
        ("西部大开发的渝川黔滇藏陕甘青宁新蒙桂十二省区市", "the twelve provinces of the western region"),
    ),
    area(
        &["东北三省", "东三省"],
        "Three north-eastern provinces",
        "210000 220000 230000",
        ("辽宁、吉林、黑龙江", "Liaoning, Jilin and Heilongjiang"),
    ),
    area(
        &["东北三省和蒙东"],
        "North-east with eastern Inner Mongolia",
        "210000 220000 230000 150400 150500 150700 152200 152500",
        ("东北三省和内蒙古东部五盟市", "three provinces and five divisions of Inner Mongolia"),
    ),
    area(
        &["长江经济带", "长江经济带十一省市"],
        "Yangtze Economic Belt",
        "310000 320000 330000 340000 360000 420000 430000 500000 510000 530000 520000",
        ("沪苏浙皖赣鄂湘渝川黔滇十一省市", "eleven provinces"),
    ),
    area(
        &["黄河流域", "黄河流域九省区"],
        "Yellow River basin",
        "630000 510000 620000 640000 150000 140000 610000 410000 370000",
        ("青川甘宁蒙晋陕豫鲁九省区", "nine provinces"),
    ),
    area(&["川渝", "川渝地区"], "Sichuan and Chongqing", "510000 500000", ("四川、重庆", "Sichuan, Chongqing")),
    area(
        &["云贵川"],
        "Yunnan-Guizhou-Sichuan",
        "530000 520000 510000",
        ("云南、贵州、四川", "Yunnan, Guizhou, Sichuan"),
    ),
    area(&["两广"], "Guangdong and Guangxi", "440000 450000", ("广东、广西", "Guangdong, Guangxi")),
    area(&["港澳", "港澳地区"], "Hong Kong and Macao", "810000 820000", ("香港、澳门", "Hong Kong, Macao")),
    area(
        &["港澳台", "港澳台地区"],
        "Hong Kong-Macao-Taiwan",
        "810000 820000 710000",
        ("香港、澳门、台湾", "Hong Kong, Macao, Taiwan"),
    ),
    area(
        &["西南五省", "西南五省区市"],
        "Five south-western provinces",
        "500000 510000 520000 530000 540000",
        ("重庆、四川、贵州、云南、西藏", "Chongqing, Sichuan, Guizhou, Yunnan, Xizang"),
    ),
    area(
        &["西南六省", "西南六省区市"],
        "Six south-western provinces",
        "450000 500000 510000 520000 530000 540000",
        ("广西、重庆、四川、贵州、云南、西藏", "Guangxi, Chongqing, Sichuan, Guizhou, Yunnan, Xizang"),
    ),
    area(
        &["西北五省", "西北五省区"],
        "Five north-western provinces",
        "610000 620000 630000 640000 650000",
        ("陕西、甘肃、青海、宁夏、新疆", "Shaanxi, Gansu, Qinghai, Ningxia, Xinjiang"),
    ),
    area(
        &["华南三省", "华南三省区"],
        "Three southern provinces",
        "440000 450000 460000",
        ("广东、广西、海南", "Guangdong, Guangxi, Hainan"),
    ),
    area(&["华中三省"], "Three central provinces", "410000 420000 430000", ("河南、湖北、湖南", "Henan, Hubei, Hunan")),
    area(
        &["华北五省", "华北五省区市"],
        "Five northern provinces",
        "110000 120000 130000 140000 150000",
        ("北京、天津、河北、山西、内蒙古", "Beijing, Tianjin, Hebei, Shanxi, Inner Mongolia"),
    ),
    area(
        &["华东六省一市"],
        "Six eastern provinces and Shanghai",
        "310000 320000 330000 340000 350000 360000 370000",
        ("上海、江苏、浙江、安徽、福建、江西、山东", "Shanghai, Jiangsu, Zhejiang, Anhui, Fujian, Jiangxi, Shandong"),
    ),
    area(
        &["雄安新区", "河北雄安新区", "雄安"],
        "Xiong'an",
        "130638 130629 130632",
        ("雄县、容城县、安新县", "the counties Xiongxian, Rongcheng and Anxin"),
    ),
];

const SEVERAL_WAYS: (&str, &str) = ("的范围有几种说法，请选择一种", "is drawn in several ways: choose one");
const NO_CODE: (&str, &str) =
    ("没有自己的行政区划代码，请选择它所在的地区", "has no code of its own: choose where it lies");

static OPEN: &[Open] = &[
    Open {
        names: &["深汕特别合作区", "深汕合作区", "深汕", "深圳市深汕特别合作区"],
        meant: &["440300", "441521", "441500"],
        why: NO_CODE,
    },
    Open {
        names: &["前海", "前海合作区", "前海深港现代服务业合作区"],
        meant: &["440305", "440306", "440300"],
        why: NO_CODE,
    },
    Open {
        names: &["横琴", "横琴新区", "横琴粤澳深度合作区"], meant: &["440402", "440400"], why: NO_CODE
    },
    Open {
        names: &["贵安新区", "贵安"], meant: &["520111", "520181", "520403", "520100", "520400"], why: NO_CODE
    },
    Open { names: &["东北", "东北地区"], meant: &["东北三省", "东北三省和蒙东"], why: SEVERAL_WAYS },
    Open {
        names: &["西南", "西南地区"], meant: &["西南五省", "西南六省", "云贵川"], why: SEVERAL_WAYS
    },
    Open { names: &["西北", "西北地区"], meant: &["西北五省"], why: SEVERAL_WAYS },
    Open { names: &["华南", "华南地区"], meant: &["华南三省", "两广", "440000"], why: SEVERAL_WAYS },
    Open {
        names: &["华东", "华东地区"], meant: &["华东六省一市", "长三角", "江浙沪"], why: SEVERAL_WAYS
    },
    Open { names: &["华中", "华中地区"], meant: &["华中三省", "中部"], why: SEVERAL_WAYS },
    Open { names: &["华北", "华北地区"], meant: &["华北五省", "京津冀"], why: SEVERAL_WAYS },
    Open {
        names: &["成渝", "成渝地区", "成渝地区双城经济圈", "成渝双城经济圈"], meant: &["川渝"], why: SEVERAL_WAYS
    },
    Open {
        names: &["沿海", "沿海地区", "东部沿海"], meant: &["东部", "珠三角", "长三角"], why: SEVERAL_WAYS
    },
    Open { names: &["中西部", "中西部地区"], meant: &["中部", "西部"], why: SEVERAL_WAYS },
];

impl Area {
    /// The codes of its places.
    pub fn codes(&self) -> impl Iterator<Item = &'static str> {
        self.codes.split_ascii_whitespace()
    }

    /// Its name.
    pub fn name(&self, language: Language) -> &'static str {
        match language {
            Language::Zh => self.names.first().copied().unwrap_or_default(),
            Language::En => self.en,
        }
    }
}

/// What a name may be of.
#[derive(Clone, Copy)]
enum Called {
    Area(&'static Area),
    Open(&'static Open),
}

/// A name as it is looked up.
fn as_called(name: &str) -> String {
    folded(name).to_ascii_lowercase()
}

/// What is called so: names are folded once, since each place of a table is looked up.
fn called(typed: &str) -> Option<Called> {
    static NAMES: LazyLock<HashMap<String, Called>> = LazyLock::new(|| {
        let areas = AREAS.iter().flat_map(|area| {
            area.names.iter().copied().chain([area.en]).map(move |name| (as_called(name), Called::Area(area)))
        });
        let open =
            OPEN.iter().flat_map(|open| open.names.iter().map(move |name| (as_called(name), Called::Open(open))));
        areas.chain(open).collect()
    });
    NAMES.get(&as_called(typed)).copied()
}

/// The area of which these are all places and all of its own, in whatever order.
pub fn of(codes: &[String]) -> Option<&'static Area> {
    let holds = |area: &&Area| {
        area.codes().count() == codes.len() && area.codes().all(|code| codes.iter().any(|one| one == code))
    };
    AREAS.iter().find(holds)
}

/// Areas whose names begin with what was typed: for forms that offer a choice.
pub fn begun(typed: &str) -> impl Iterator<Item = &'static Area> {
    let text = folded(typed).to_lowercase();
    let begins = move |area: &&Area| {
        let names = area.names.iter().copied().chain([area.en]);
        !text.is_empty() && names.into_iter().any(|name| folded(name).to_lowercase().starts_with(&text))
    };
    AREAS.iter().filter(begins)
}

/// The area that is called so.
pub fn named(typed: &str) -> Option<&'static Area> {
    match called(typed)? {
        Called::Area(area) => Some(area),
        Called::Open(_) => None,
    }
}

/// Reads the places of an area, or one place as [`place::place`] does.
///
/// # Errors
/// As [`place::place`]; for what is drawn in several ways, or lies in a place without a code.
pub fn places(typed: &str, lies: Lies<'_>) -> Outcome<Vec<Place>> {
    let shown = super::shown(typed);
    match called(typed) {
        Some(Called::Area(area)) => {
            let value = area.codes().map(|code| Place { code, rest: String::new() }).collect();
            let (zh, en) = area.what;
            let note = Text::new(format!("{shown}：{zh}"), format!("{}: {en}", area.en));
            Ok(Understood { value: Some(value), note: Some(note) })
        }
        Some(Called::Open(open)) => {
            let (zh, en) = open.why;
            let meant = open.meant.iter().map(|meant| candidate(meant)).collect();
            Err(Unclear::between(format!("“{shown}”{zh}。"), format!("{shown} {en}."), meant))
        }
        None => place::place(typed, lies).map(|read| read.map(|place| vec![place])),
    }
}

fn candidate(meant: &str) -> Candidate {
    let text = match AREAS.iter().find(|area| area.names.first() == Some(&meant)) {
        Some(Area { what: (zh, en), .. }) => Text::new(*zh, *en),
        None => Text::new(place::in_full(meant, Language::Zh), place::in_full(meant, Language::En)),
    };
    Candidate { typed: meant.to_owned(), text }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use duikou_proto::reference::regions;
    use duikou_proto::validate::bounds;

    use super::*;

    fn codes(typed: &str) -> Result<Vec<&'static str>, Unclear> {
        places(typed, Lies::Anywhere)
            .map(|read| read.value.unwrap_or_default().iter().map(|place| place.code).collect())
    }

    #[test]
    fn areas_are_made_of_places_and_have_names_of_their_own() {
        let mut names = BTreeSet::new();
        for area in AREAS {
            let made: BTreeSet<&str> = area.codes().collect();
            assert_eq!(made.len(), area.codes().count(), "{area:?}");
            assert!(made.iter().all(|code| regions().get(code).is_some()) && made.len() <= bounds::REGIONS, "{area:?}");
            // A list of places is divided by these.
            let divided = |name: &str| name.contains(['、', '，', ',', '；', ';', '/']);
            assert!(!area.names.iter().chain([&area.en]).any(|name| divided(name)), "{area:?}");
            for name in area.names {
                assert!(names.insert(*name) && regions().by_name(name).is_empty(), "{name}");
                assert_eq!(codes(name), Ok(area.codes().collect()), "{name}");
            }
            assert_eq!(codes(area.en), Ok(area.codes().collect()), "{}", area.en);
            let mut stored: Vec<String> = area.codes().map(str::to_owned).collect();
            stored.reverse();
            assert_eq!(of(&stored), Some(area));
            assert_eq!(of(&stored[1..]).filter(|other| other == &area), None);
        }
        for open in OPEN {
            for name in open.names {
                assert!(names.insert(*name) && regions().by_name(name).is_empty(), "{name}");
                let told = codes(name).unwrap_err();
                assert_eq!(told.candidates.len(), open.meant.len(), "{name}");
                for one in told.candidates {
                    assert!(codes(&one.typed).is_ok(), "{name}: {}", one.typed);
                }
            }
        }
    }

    #[test]
    fn the_whole_country_is_all_of_its_provinces() {
        let provinces: Vec<&str> =
            regions().entries().iter().filter(|entry| entry.level == "province").map(|entry| entry.code).collect();
        assert_eq!(codes("全国"), Ok(provinces.clone()));
        let mainland: Vec<&str> =
            provinces.into_iter().filter(|code| !["710000", "810000", "820000"].contains(code)).collect();
        assert_eq!(codes("全国（不含港澳台）"), Ok(mainland));
    }

    #[test]
    fn what_is_no_area_is_a_place() {
        assert_eq!(codes("毕节"), Ok(vec!["520500"]));
        assert!(codes("亚特兰蒂斯").unwrap_err().candidates.is_empty());
        assert_eq!(codes("大湾区").map(|codes| codes.len()), Ok(11));
        assert!(places("大湾区", Lies::Anywhere).unwrap().note.unwrap().zh.contains("香港"));
        let asked = codes("深汕特别合作区").unwrap_err();
        assert_eq!(asked.candidates.iter().map(|one| &*one.typed).collect::<Vec<_>>(), ["440300", "441521", "441500"]);
    }
}
