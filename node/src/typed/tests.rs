//! What people type, and what must come of it.

use duikou_proto::Money;
use duikou_proto::language::Language;
use duikou_proto::reference::{industries, regions};
use jiff::civil::{Date, date as day};
use proptest::prelude::*;

use super::money::{self, Period, Range, Unit, unit_in};
use super::place::Lies;
use super::{Names, When, area, audience, choice, count, date, industry, labels, occupation, place, text};

const TODAY: Date = day(2026, 11, 28);

fn yuan(units: i64) -> Option<Money> {
    Some(Money { currency_code: "CNY".to_owned(), units, nanos: 0 })
}

fn amount(typed: &str, header: &str) -> Result<Option<Range>, String> {
    money::amount(typed, unit_in(header)).map(|read| read.value).map_err(|unclear| unclear.told().en)
}

#[test]
fn amounts_are_read_as_they_are_meant() {
    let range = |min, max| Ok(Some(Range { min, max, period: None }));
    for (typed, header, min, max) in [
        ("1.2亿", "", yuan(120_000_000), yuan(120_000_000)),
        ("约1.2亿元", "总投资（万元）", yuan(120_000_000), yuan(120_000_000)),
        ("120万元", "", yuan(1_200_000), yuan(1_200_000)),
        ("１５０００", "总投资（万元）", yuan(150_000_000), yuan(150_000_000)),
        ("8000万", "", yuan(80_000_000), yuan(80_000_000)),
        ("1.5-2亿", "", yuan(150_000_000), yuan(200_000_000)),
        ("50-80万", "", yuan(500_000), yuan(800_000)),
        ("5000-1万元", "", yuan(5_000), yuan(10_000)),
        ("5,000", "金额(万元)", yuan(50_000_000), yuan(50_000_000)),
        ("三千二百", "总投资（万元）", yuan(32_000_000), yuan(32_000_000)),
        ("约１.５百万", "预算", yuan(1_500_000), yuan(1_500_000)),
        ("不超过500万元", "", None, yuan(5_000_000)),
        ("3000元", "总投资（万元）", yuan(3_000), yuan(3_000)),
        ("人民币1亿2000万元", "", yuan(120_000_000), yuan(120_000_000)),
        ("0元", "", yuan(0), yuan(0)),
        ("5000（万元）", "", yuan(50_000_000), yuan(50_000_000)),
        ("1000-3000(万元)", "", yuan(10_000_000), yuan(30_000_000)),
        ("500万元（人民币）", "", yuan(5_000_000), yuan(5_000_000)),
    ] {
        assert_eq!(amount(typed, header), range(min, max), "{typed}");
    }
    let dollars = amount("500万美元", "总投资（万元）").unwrap().unwrap().max.unwrap();
    assert_eq!((&*dollars.currency_code, dollars.units), ("USD", 5_000_000));
    assert_eq!(amount("HKD 30,000.50", "").unwrap().unwrap().min.unwrap().nanos, 500_000_000);
    for open in ["面议", "待定", "", "  ", "—"] {
        assert_eq!(amount(open, ""), Ok(None), "{open}");
    }
    assert!(money::amount("面议", Unit::default()).unwrap().note.is_some());
}

#[test]
fn what_is_no_amount_or_may_be_several_gives_none() {
    for typed in [
        "全部",
        "5000",
        "0",
        "-5",
        "5-",
        "1-2-3万",
        "¥500",
        "$20",
        "2亿-1亿元",
        "5元-3美元",
        "万",
        "1,00元",
        "一二三元",
        "元",
        "3000元/月",
        "12345678901234567890元",
    ] {
        assert!(amount(typed, "").is_err(), "{typed}");
    }
    assert_eq!(amount("0", "总投资（万元）").unwrap_err(), "The amount is 0: leave it empty where there is none.");
    let told = money::amount("5000", Unit::default()).unwrap_err();
    assert_eq!(told.candidates.iter().map(|one| &*one.typed).collect::<Vec<_>>(), ["5000元", "5000万元"]);
    // Each of them is an amount.
    for typed in ["5000（税后）", "约5,000", "3000~5000", "5000起（面谈）"] {
        let told = money::amount(typed, Unit::default()).unwrap_err();
        assert_eq!(told.candidates.len(), 2, "{typed}: {told:?}");
        for one in told.candidates {
            assert!(amount(&one.typed, "").is_ok_and(|read| read.is_some()), "{typed}: {}", one.typed);
        }
    }
}

#[test]
fn wages_say_what_they_count_for() {
    let wage = |typed: &str, unit| money::wage(typed, unit).map(|read| read.value).map_err(|unclear| unclear.told().zh);
    let monthly = Unit { currency: Some("CNY"), period: Some(Period::Month), multiplier: None };
    for (typed, unit, min, max, period) in [
        ("3000-5000元/月", Unit::default(), yuan(3_000), yuan(5_000), Period::Month),
        ("3,000-5,000元/月", Unit::default(), yuan(3_000), yuan(5_000), Period::Month),
        ("６万－８万/年", Unit::default(), yuan(60_000), yuan(80_000), Period::Year),
        ("6万-8万/年", Unit::default(), yuan(60_000), yuan(80_000), Period::Year),
        ("年薪12万", Unit::default(), yuan(120_000), yuan(120_000), Period::Year),
        ("日结220元", Unit::default(), yuan(220), yuan(220), Period::Day),
        ("月薪5k-8k", Unit::default(), yuan(5_000), yuan(8_000), Period::Month),
        ("4500元以上", monthly, yuan(4_500), None, Period::Month),
        ("５０００～７０００", monthly, yuan(5_000), yuan(7_000), Period::Month),
        ("时薪25元", Unit::default(), yuan(25), yuan(25), Period::Hour),
        ("5000元/人/月", Unit::default(), yuan(5_000), yuan(5_000), Period::Month),
    ] {
        let expected = Range { min, max, period: Some(period) };
        assert_eq!(wage(typed, unit), Ok(Some(expected)), "{typed}");
    }
    let yuan_only = unit_in("单位：人、元");
    assert_eq!(yuan_only.currency, Some("CNY"));
    assert!(wage("５０００～７０００", yuan_only).unwrap_err().contains("5000-7000元/月"));
    assert_eq!(unit_in("期望工资（元/月）"), monthly);
    assert_eq!(unit_in("电子元器件 主办单元"), Unit::default());
}

#[test]
fn dates_are_days_that_exist() {
    let read = |typed: &str| date::date(typed, TODAY).map_err(|unclear| unclear.told().en);
    for typed in [
        "2027-03-05",
        "2027/3/5",
        "2027.3.5",
        "2027年3月5日",
        "２０２７年３月５日",
        "二〇二七年三月五日",
        "20270305",
        "2027年3月5日前",
        "2027 年 3 月 5 日",
        "2027-3-5截止",
    ] {
        assert_eq!(read(typed), Ok(When::Day(day(2027, 3, 5))), "{typed}");
    }
    assert_eq!(read("二〇二七年十月十日"), Ok(When::Day(day(2027, 10, 10))));
    for (typed, hour, minute) in [
        ("2027年3月6日下午5点", 17, 0),
        ("2027-03-06 17:00", 17, 0),
        ("2027/3/6 9：30", 9, 30),
        ("2027年3月6日 上午9点半", 9, 30),
        ("2027-03-06T08:05:00", 8, 5),
        ("2027年3月6日中午12点", 12, 0),
        ("2027年3月6日20时15分", 20, 15),
    ] {
        assert_eq!(read(typed), Ok(When::Moment(day(2027, 3, 6).at(hour, minute, 0, 0))), "{typed}");
    }
    assert_eq!(read("2027年3月"), Ok(When::Month(day(2027, 3, 1))));
    assert!(matches!(read("2027-03-06T17:00:00+08:00"), Ok(When::Exact(_))));
    for typed in [
        "2027年6月31日",
        "2027-02-30 09:00",
        "6月中旬",
        "春节后",
        "长期",
        "即日起",
        "见通知",
        "2027",
        "2027-13-01",
        "",
        "下午5点",
        "2027年3月5",
        "99999999",
        "2027-3-5 25:00",
    ] {
        assert!(read(typed).is_err(), "{typed}: {:?}", read(typed));
    }
    let candidates = |typed: &str| -> Vec<String> {
        date::date(typed, TODAY).unwrap_err().candidates.into_iter().map(|one| one.typed).collect()
    };
    // What is to come goes first, and no time is lost.
    assert_eq!(candidates("3月5日"), ["2027-03-05", "2026-03-05"]);
    assert_eq!(candidates("12月31日前"), ["2026-12-31", "2027-12-31"]);
    assert_eq!(candidates("3月5日下午2点半"), ["2027-03-05 14:30", "2026-03-05 14:30"]);
    assert_eq!(candidates("3-5 9:00"), ["2027-03-05 09:00", "2026-03-05 09:00"]);
    assert_eq!(candidates("5/3/2027"), ["2027-03-05", "2027-05-03"]);
    assert_eq!(candidates("5/3/2027 14:30"), ["2027-03-05 14:30", "2027-05-03 14:30"]);
    assert_eq!(candidates("3月5日前后"), [""; 0]);
    assert_eq!(date::serial(46_096.0, false), Ok(When::Day(day(2026, 3, 15))));
    assert_eq!(date::serial(46_485.583_333_333_34, false), Ok(When::Moment(day(2027, 4, 8).at(14, 0, 0, 0))));
    assert!(date::serial(12.0, false).is_err() && date::serial(f64::NAN, false).is_err());
}

#[test]
fn a_text_may_say_from_when_to_when() {
    let (on, at) = (|d| When::Day(day(2027, 3, d)), |d, hour| When::Moment(day(2027, 3, d).at(hour, 0, 0, 0)));
    for (typed, from, to) in [
        ("2027年3月5日上午9:00-12:00", at(5, 9), Some(at(5, 12))),
        ("2027年3月5日（星期五）9:00", at(5, 9), None),
        ("2027年3月5日(周五) 9:00—17:00", at(5, 9), Some(at(5, 17))),
        ("2027年3月5日下午2:00-4:00", at(5, 14), Some(at(5, 16))),
        ("2027年3月5日上午9点至下午5点", at(5, 9), Some(at(5, 17))),
        ("2027年3月5日-7日", on(5), Some(on(7))),
        ("2027年3月5日至7日", on(5), Some(on(7))),
        ("2027年3月5日——3月7日", on(5), Some(on(7))),
        ("2027年3月5日～2027年3月7日", on(5), Some(on(7))),
        ("2027-03-05至2027-03-07", on(5), Some(on(7))),
        ("2027.3.5-3.7", on(5), Some(on(7))),
        ("2027.3.5-7", on(5), Some(on(7))),
        ("2027-03-05 9:00至3月7日17:00", at(5, 9), Some(at(7, 17))),
        ("2027-03-05 09:00-2027-03-07 17:00", at(5, 9), Some(at(7, 17))),
    ] {
        assert_eq!(date::span(typed, TODAY), Ok((from, to)), "{typed}");
        assert_eq!(date::is_span(typed), to.is_some(), "{typed}");
    }
    for typed in [
        "2027年3月5日（星期四）9:00",
        "2027年3月5日17:00-9:00",
        "2027年3月7日-5日",
        "2027年3月-5月",
        "2027年3月5日-",
        "2027年6月31日-7月2日",
        "2027",
        "春节后",
        "5/3/2027-7/3/2027",
    ] {
        assert!(date::span(typed, TODAY).is_err(), "{typed}: {:?}", date::span(typed, TODAY));
    }
    let told = date::span("3月5日-7日", TODAY).unwrap_err();
    let typed: Vec<&str> = told.candidates.iter().map(|one| &*one.typed).collect();
    assert_eq!(typed, ["2027年3月5日-7日", "2026年3月5日-7日"]);
    assert!(date::span("见通知", TODAY).unwrap_err().text.zh.contains("09:00"));
}

#[test]
fn places_are_found_by_name_code_and_letters() {
    let read =
        |typed: &str| place::place(typed, Lies::Anywhere).map(|read| read.value.map(|place| (place.code, place.rest)));
    for (typed, code, rest) in [
        ("七星关区", "520502", ""),
        ("　威宁县 ", "520526", ""),
        ("黔南州都匀市产业园", "522701", "产业园"),
        ("贵州省黔南州长顺县威远工业园", "522729", "威远工业园"),
        ("522729", "522729", ""),
        ("522729 长顺县", "522729", ""),
        ("changshun", "522729", ""),
        ("Bijie", "520500", ""),
        ("hk", "810000", ""),
        ("福田区会展馆", "440304", "会展馆"),
        ("江苏省南京市鼓楼区", "320106", ""),
        ("日本", "JP", ""),
        ("刚果（金）", "CD", ""),
    ] {
        let typed_upper = if typed == "hk" { "HK" } else { typed };
        assert_eq!(read(typed_upper), Ok(Some((code, rest.to_owned()))), "{typed}");
    }
    let told = |typed: &str| place::place(typed, Lies::Anywhere).unwrap_err();
    assert_eq!(told("鼓楼区").candidates.len(), 4);
    assert_eq!(place::place("南山区科技园", Lies::Within("440300")).unwrap().value.unwrap().code, "440305");
    assert!(told("毕阶市").candidates.iter().any(|one| one.typed == "520500"));
    assert!(told("和乎县").candidates.iter().any(|one| one.text.zh.ends_with("和平县")));
    assert!(told("龙理县工业园区").candidates.iter().any(|one| one.text.zh.ends_with("龙里县")));
    assert!(told("广州市天和区某酒店").candidates.iter().any(|one| one.text.zh.ends_with("天河区")));
    assert!(told("522729 长沙县").candidates.is_empty());
    // One character that many names have is no likeness.
    for typed in ["湾区", "大弯区", "新丘区", "北城县"] {
        assert!(told(typed).candidates.iter().all(|one| one.text.zh.contains("丘")), "{typed}: {:?}", told(typed));
    }
    // Of those that may be meant the nearest come first, and none of them is chosen for it.
    let first =
        |typed: &str, near: &str| place::place(typed, Lies::Near(near)).unwrap_err().candidates.remove(0).text.zh;
    assert_eq!(first("龙理县工业园区", "522700"), "贵州省黔南布依族苗族自治州龙里县");
    assert_eq!(first("和乎县", "441600"), "广东省河源市和平县");
    assert_eq!([first("鼓楼区", "350100"), first("鼓楼区", "410000")], ["福建省福州市鼓楼区", "河南省开封市鼓楼区"]);
    assert!(read("999999").is_err() && read("前海会议中心").is_err());
}

#[test]
fn industries_and_occupations_keep_to_their_tables() {
    let read = |typed: &str| industry::industry(typed).map(|read| read.value);
    for (typed, code) in [
        ("纺织业 ", "17"),
        ("C3963", "3963"),
        ("05", "05"),
        ("C", "C"),
        ("计算机、通信和其他电子设备制造业", "39"),
        ("27 医药制造业", "27"),
        ("房地产业", "K"),
        ("瓶（罐）装饮用水制造", "1522"),
        ("yiyaozhizaoye", "27"),
    ] {
        assert_eq!(read(typed), Ok(Some(code)), "{typed}");
    }
    assert!(["大健康产业", "3400", "27 纺织业", "制造", "不是行业"].iter().all(|typed| read(typed).is_err()));
    let zero = industry::industry("5").unwrap_err();
    assert_eq!(zero.candidates[0].typed, "05");
    let several = industry::several("计算机、通信和其他电子设备制造业、纺织业；住宿业").map(|read| read.value);
    assert!(several.is_err() || several == Ok(Some(vec!["39".into(), "17".into(), "61".into()])));
    let several = industry::several("计算机、通信和其他电子设备制造业、纺织业").unwrap().value;
    assert_eq!(several, Some(vec!["39".to_owned(), "17".to_owned()]));

    let read = |typed: &str| occupation::occupation(typed).map(|read| read.value.unwrap_or_default());
    assert_eq!(read("缝纫机\n操作工").unwrap().name, "缝纫机操作工");
    assert_eq!(read("7531 缝纫工").map(|one| (one.code, one.name)), Ok(("7531".into(), "缝纫工".into())));
    assert_eq!(read("3D打印操作员").map(|one| one.code), Ok(String::new()));
    assert!(read("9999").is_err());
}

#[test]
fn counts_levels_choices_and_addresses() {
    let count = |typed: &str| count::count(typed).map(|read| read.value).map_err(|unclear| unclear.candidates.len());
    for (typed, value) in
        [("１２０", 120), ("约80人", 80), ("60", 60), ("约３００人", 300), ("1.2万人", 12_000), ("三十名", 30)]
    {
        assert_eq!(count(typed), Ok(Some(value)), "{typed}");
    }
    assert_eq!((count("30-50"), count("若干"), count("1.5"), count("不限")), (Err(2), Err(0), Err(0), Ok(None)));

    let level = |typed: &str| count::level(typed).map(|read| read.value).map_err(|unclear| unclear.candidates.len());
    assert_eq!((level("TRL7"), level("5"), level("8级")), (Ok(Some(7)), Ok(Some(5)), Ok(Some(8))));
    assert_eq!((level("中试"), level("10"), level("0")), (Err(2), Err(0), Err(0)));

    let modes =
        |typed: &str| choice::several(typed, labels::COOPERATION_MODES).map(|read| read.value.unwrap_or_default());
    assert_eq!((modes("独资/合资"), modes("PPP")), (Ok(vec![1, 2]), Ok(vec![4])));
    assert!(modes("随便").is_err());
    assert_eq!(choice::choice("joint venture", labels::COOPERATION_MODES).map(|read| read.value), Ok(Some(2)));

    assert_eq!(text::email("labor27＠bijie.example").map(|read| read.value), Ok(Some("labor27@bijie.example".into())));
    assert!(text::email("invest30@qiannan").is_err());
    let phone = |typed: &str| text::phone(typed).map(|read| read.value.unwrap_or_default());
    for (typed, number) in [
        ("0755-82345678转8001", "0755-82345678-8001"),
        ("0755-82345678 转 8001", "0755-82345678-8001"),
        ("0755-82345678（分机8001）", "0755-82345678-8001"),
        ("0755-82345678 ext. 8001", "0755-82345678-8001"),
        ("0755-82345678、13812345678", "0755-82345678 13812345678"),
        ("0755-82345678转8001/13812345678", "0755-82345678-8001 13812345678"),
        ("0755-82345678；0755-82345679", "0755-82345678 0755-82345679"),
        ("0755-82345678/79", ""),
        ("王姐 13812345678", ""),
        ("0755-82345678转", ""),
        ("转8001", ""),
        ("", ""),
    ] {
        assert_eq!(phone(typed).unwrap_or_default(), number, "{typed}");
        assert_eq!(phone(number).unwrap(), number, "what is written is read again");
    }
    for (typed, name, number) in [
        ("王姐 0755-82345678", "王姐", "0755-82345678"),
        ("王姐0755-82345678转8001", "王姐", "0755-82345678-8001"),
        ("王姐（13812345678）", "王姐", "13812345678"),
        ("13812345678（王姐）", "王姐", "13812345678"),
        ("王主任：(0755)82345678、13812345678", "王主任", "(0755)82345678 13812345678"),
        ("联系人：王姐，电话：0755－82345678", "王姐", "0755-82345678"),
        ("Li Wei, +86 755 8234 5678", "Li Wei", "+86 755 8234 5678"),
        ("王姐\n0755-82345678", "王姐", "0755-82345678"),
    ] {
        assert_eq!(text::person_and_phone(typed), Some((name.to_owned(), number.to_owned())), "{typed}");
    }
    for typed in [
        "0755-82345678",
        "王姐",
        "王姐138、李哥139",
        "王姐 13812345678、李哥 13912345678",
        "3号楼2室",
        "电话：0755-8234567",
    ] {
        assert_eq!(text::person_and_phone(typed), None, "{typed}");
    }
    assert!(text::phone("1.38E+10").is_err() && text::phone("转1").is_err());
    assert_eq!(text::phone("０７５５－８８８８").map(|read| read.value), Ok(Some("0755-8888".into())));
    let url = |typed: &str| text::url(typed).map(|read| read.value.unwrap_or_default());
    assert_eq!(url("www.sz.gov.cn/a").as_deref(), Ok("https://www.sz.gov.cn/a"));
    assert_eq!(url("http://www.sz.gov.cn").as_deref(), Ok("http://www.sz.gov.cn"));
    for typed in ["见通知", "www.", "www.a b.cn", "www", "sz.gov.cn"] {
        assert!(url(typed).is_err(), "{typed}");
    }
}

#[test]
fn time_zones_are_called_as_people_call_them() {
    let zone = |typed: &str| date::zone(typed).map(|read| read.value.unwrap_or_default());
    for (typed, name) in [
        ("北京", "Asia/Shanghai"),
        ("北京时间", "Asia/Shanghai"),
        ("UTC＋8", "Asia/Shanghai"),
        ("asia/shanghai", "Asia/Shanghai"),
        ("Europe/Berlin", "Europe/Berlin"),
        ("香港时间", "Asia/Hong_Kong"),
        ("", ""),
    ] {
        assert_eq!(zone(typed).as_deref(), Ok(name), "{typed}");
    }
    assert!(zone("当地时间").is_err() && zone("CST-8").is_err());
}

#[test]
fn audiences_are_named_by_those_in_them() {
    let names = audience::Names {
        members: vec![
            ("bijie".into(), vec!["毕节市人民政府驻深圳联络处".into(), "Bijie Liaison Office".into()]),
            ("zunyi".into(), vec!["遵义市驻珠海联络处".into(), "Zunyi Office".into()]),
        ],
        circles: vec!["pan-prd".into()],
        words: [("泛珠圈".to_owned(), "circle:pan-prd".to_owned())].into(),
    };
    let read = |typed: &str| audience::audience(typed, &names).map(|read| read.value.unwrap_or_default());
    for (typed, scopes) in [
        ("公开", vec!["public"]),
        ("网络成员、注册企业", vec!["network", "registered"]),
        ("泛珠圈；bijie", vec!["circle:pan-prd", "member:bijie"]),
        ("pan-prd", vec!["circle:pan-prd"]),
        ("遵义市驻珠海联络处", vec!["member:zunyi"]),
        ("依申请", vec![]),
    ] {
        assert_eq!(read(typed), Ok(scopes.into_iter().map(str::to_owned).collect()), "{typed}");
    }
    // What an office says may stand for a name as well as for a scope.
    let names =
        Names { words: [("老朋友".to_owned(), "遵义市驻珠海联络处".to_owned())].into(), ..names.clone() };
    assert_eq!(audience::audience("老朋友", &names).unwrap().value, Some(vec!["member:zunyi".to_owned()]));
    let closed = Names { words: [("内部".to_owned(), "依申请".to_owned())].into(), ..Names::default() };
    assert_eq!(audience::audience("内部", &closed).unwrap().value, Some(Vec::new()));
    let looped = Names { words: [("甲".to_owned(), "甲".to_owned())].into(), ..Names::default() };
    assert!(audience::audience("甲", &looped).is_err());
    assert_eq!(read("全网").unwrap_err().candidates.len(), 2);
    assert_eq!(read("毕节").unwrap_err().candidates[0].typed, "member:bijie");
}

#[test]
fn audiences_are_named_as_they_are_read() {
    let member = |id: &str, zh: &str, en: &str| (id.to_owned(), vec![zh.to_owned(), en.to_owned()]);
    let names = Names {
        members: vec![
            member("bijie", "毕节市驻深圳联络处", "Bijie Office"),
            member("zunyi", "遵义市联络处", "Office, Zunyi"),
            member("heyuan", "公开", ""),
            member("old", "同名处", "Same"),
            member("new", "同名处", "Same"),
        ],
        circles: vec!["pan-prd".to_owned(), "bijie".to_owned()],
        words: [("遵义市联络处".to_owned(), "network".to_owned())].into(),
    };
    for (scope, zh, en) in [
        ("public", "公开", "public"),
        ("network", "网络成员", "network"),
        ("circle:pan-prd", "pan-prd", "pan-prd"),
        ("member:bijie", "毕节市驻深圳联络处", "Bijie Office"),
        // Names that mean something else, several, or no one thing, are no names.
        ("member:zunyi", "member:zunyi", "member:zunyi"),
        ("member:heyuan", "member:heyuan", "member:heyuan"),
        ("member:old", "member:old", "member:old"),
        ("member:nobody", "member:nobody", "member:nobody"),
    ] {
        for (language, name) in [(Language::Zh, zh), (Language::En, en)] {
            assert_eq!(audience::named(scope, &names, language), name, "{scope}");
            let read = audience::audience(name, &names).map(|read| read.value);
            assert_eq!(read, Ok(Some(vec![scope.to_owned()])), "{scope}");
        }
    }
}

#[test]
fn labels_are_those_of_the_contract() {
    use duikou_proto::v1;
    fn check<E: TryFrom<i32>>(table: &[labels::Label], name: fn(&E) -> &'static str) {
        for label in table {
            assert_eq!(E::try_from(label.value).ok().map(|value| name(&value)), Some(label.name));
        }
        let last = i32::try_from(table.len()).unwrap();
        assert!(E::try_from(last + 1).is_err(), "a value after {} has no label", table[table.len() - 1].name);
    }
    check::<v1::opportunity::Direction>(labels::DIRECTIONS, v1::opportunity::Direction::as_str_name);
    check::<v1::capital::Instrument>(labels::INSTRUMENTS, v1::capital::Instrument::as_str_name);
    check::<v1::capital::Stage>(labels::STAGES, v1::capital::Stage::as_str_name);
    check::<v1::project::CooperationMode>(labels::COOPERATION_MODES, v1::project::CooperationMode::as_str_name);
    check::<v1::project::Phase>(labels::PHASES, v1::project::Phase::as_str_name);
    check::<v1::technology::IpStatus>(labels::IP_STATUSES, v1::technology::IpStatus::as_str_name);
    check::<v1::technology::TransferMode>(labels::TRANSFER_MODES, v1::technology::TransferMode::as_str_name);
    check::<v1::talent::SupplyType>(labels::SUPPLY_TYPES, v1::talent::SupplyType::as_str_name);
    check::<v1::talent::WagePeriod>(labels::WAGE_PERIODS, v1::talent::WagePeriod::as_str_name);
}

#[test]
fn every_code_of_the_tables_is_read_as_it_is_written() {
    for entry in regions().entries() {
        let read = place::place(&place::format(entry.code), Lies::Anywhere);
        assert_eq!(read.map(|read| read.value.map(|place| place.code)), Ok(Some(entry.code)), "{}", entry.name_zh);
        for language in [Language::Zh, Language::En] {
            let named = place::named(entry.code, language);
            let read = place::place(&named, Lies::Anywhere).map(|read| read.value.map(|place| place.code));
            assert_eq!(read, Ok(Some(entry.code)), "{named}");
        }
    }
    assert_eq!(place::named("520500", Language::Zh), "贵州省毕节市");
    for entry in industries().entries() {
        let read = industry::industry(&industry::format(entry.code)).map(|read| read.value);
        assert_eq!(read, Ok(Some(entry.code)), "{}", entry.name_zh);
    }
}

/// Amounts as listings hold them.
fn money() -> impl Strategy<Value = Money> {
    (prop::sample::select(vec!["CNY", "USD", "HKD", "EUR", "KWD"]), 0..1_000_000_000_000_i64, 0..100_i32)
        .prop_map(|(code, units, cents)| Money { currency_code: code.to_owned(), units, nanos: cents * 10_000_000 })
}

fn range() -> impl Strategy<Value = Range> {
    (money(), 0..1_000_000_i64, 0..4_u8).prop_map(|(low, more, form)| {
        let high = Money { units: low.units + more, ..low.clone() };
        let (min, max) = match form {
            0 => (Some(low), None),
            1 => (None, Some(high)),
            2 => (Some(low.clone()), Some(low)),
            _ => (Some(low), Some(high)),
        };
        Range { min, max, period: None }
    })
}

proptest! {
    #[test]
    fn an_amount_that_is_written_is_read_again(range in range()) {
        let text = money::format(&range);
        let read = money::amount(&text, Unit { currency: Some("JPY"), multiplier: Some(10_000), period: None });
        prop_assert_eq!(read.map(|read| read.value), Ok(Some(range)), "{}", text);
    }

    #[test]
    fn a_wage_that_is_written_is_read_again(range in range(), period in 1..5_i32) {
        let range = Range { period: Period::try_from(period).ok(), ..range };
        let text = money::format(&range);
        prop_assert_eq!(money::wage(&text, Unit::default()).map(|read| read.value), Ok(Some(range)), "{}", text);
    }

    #[test]
    fn a_time_that_is_written_is_read_again(seconds in -2_000_000_000_i64..4_000_000_000, micros in 0..1_000_000_i32) {
        let at = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::from_second(seconds).unwrap());
        let at = at.with().subsec_nanosecond(micros * 1_000).build().unwrap();
        let text = date::format(at);
        prop_assert_eq!(date::date(&text, TODAY), Ok(When::Moment(at)), "{}", text);
    }

    /// Whatever is typed, there is an answer; and what is understood is within the rules.
    #[test]
    fn nothing_that_is_typed_breaks_it(typed in typed()) {
        for unit in [Unit::default(), unit_in("（万元）")] {
            if let Ok(read) = money::amount(&typed, unit)
                && let Some(range) = read.value
            {
                prop_assert!(range.min.is_some() || range.max.is_some());
            }
            let _ = money::wage(&typed, unit);
        }
        let _ = (date::span(&typed, TODAY), date::zone(&typed), count::count(&typed), count::level(&typed), unit_in(&typed));
        let _ = (text::email(&typed), text::phone(&typed), text::url(&typed), text::items(&typed));
        if let Some((_, phone)) = text::person_and_phone(&typed) {
            prop_assert!(text::phone(&phone).is_ok(), "{}", phone);
        }
        let _ = (text::line(&typed), text::lines(&typed), occupation::occupation(&typed));
        let _ = (industry::several(&typed), audience::audience(&typed, &audience::Names::default()));
        let _ = choice::several(&typed, labels::PHASES);
        if let Ok(read) = area::places(&typed, Lies::Anywhere) {
            for place in read.value.unwrap_or_default() {
                prop_assert!(regions().get(place.code).is_some());
            }
        }
    }

    /// A day and a month that may be each other give no value, whatever stands between them.
    #[test]
    fn what_is_ambiguous_gives_no_value(a in 1..13_u8, b in 1..13_u8, mark in "[-/.]", place in 0..28_usize) {
        let typed = format!("{a}{mark}{b}{mark}2027");
        prop_assert!(date::date(&typed, TODAY).is_err());
        let (no_year, no_unit) = (format!("{a}月{b}日"), format!("{a}{b}00"));
        prop_assert!(date::date(&no_year, TODAY).is_err());
        prop_assert!(money::amount(&no_unit, Unit::default()).is_err());
        let mut twice: Vec<&str> = regions().entries().iter().map(|entry| entry.name_zh).filter(|name| !name.is_empty()).collect();
        twice.sort_unstable();
        let twice: Vec<&str> = twice.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        prop_assert!(place::place(twice[place % twice.len()], Lies::Anywhere).is_err());
    }
}

/// Text in the letters of amounts, dates and names, and any text.
fn typed() -> impl Strategy<Value = String> {
    let letters = "[0-9０-９.,，/:：年月日元万亿千百十一二三至~～()（）约以上省市县区 \u{3000}-]{0,24}";
    prop_oneof![3 => letters, 1 => "\\PC{0,40}"]
}
