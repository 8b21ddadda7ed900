//! What is found by the names of places, industries, occupations and kinds that no text says.

use duikou_proto::v1::{Event, Talent, talent};

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lies_there_or_is_of_it_is_found_by_its_name() {
    let world = World::new(false).await;
    let expire = world.engine.now() + 30 * DAY;
    let of = |title: &str, region: &str, industry: &str| Opportunity {
        regions: vec![region.to_owned()],
        industries: vec![industry.to_owned()],
        ..opportunity(title, "")
    };
    let cook = Talent {
        supply_type: talent::SupplyType::Vacancy.into(),
        occupation_code: "5120".to_owned(),
        headcount: 1,
        ..Talent::default()
    };
    let listings = [
        of("高山天麻寻合作", "520502", "0171"),
        of("县域电商冷链", "522729", "3963"),
        of("面向贵州的电商平台", "440300", "6429"),
        Opportunity { details: Some(Details::Talent(cook)), ..of("招聘", "440305", "6210") },
    ];
    for (number, listing) in listings.iter().enumerate() {
        world.put(&name("a", number), &["public"], listing, expire).await;
    }
    world.caught_up().await;
    for (query, expected) in [
        ("贵州省", &["l0", "l1"][..]),
        ("guizhou", &["l0", "l1", "l2"]),
        ("毕节", &["l0"]),
        ("贵州 天麻", &["l0"]),
        ("贵州天麻", &["l0"]),
        ("贵州电商项目", &["l1", "l2"]),
        ("广东", &["l2", "l3"]),
        ("贵州 -毕节", &["l1", "l2"]),
        ("制造业", &["l1"]),
        ("zhizaoye", &["l1"]),
        ("餐饮业", &["l3"]),
        ("厨师", &["l3"]),
        // By an everyday word of the industry, and by what a kind is called.
        ("无人机", &["l1"]),
        ("毕节 直播", &[]),
        ("直播", &["l2"]),
        ("贵州 招商", &["l0", "l1", "l2"]),
        ("深圳 招聘", &["l3"]),
        // Said with quotation marks it is what the text says.
        ("“贵州”", &["l2"]),
        ("“无人机”", &[]),
        // By itself a kind is no name, and what is nowhere in the tables is a word.
        ("项目", &[]),
        ("四川省", &[]),
    ] {
        let mut names = world.names(query, &Reader::Anonymous).await;
        names.sort();
        assert_eq!(names, expected, "{query}");
    }
    // What says the word comes before what only lies there.
    assert_eq!(world.names("贵州", &Reader::Anonymous).await[0], "l2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_initials_what_lies_in_a_place_that_is_called_so_comes_first() {
    let world = World::new(false).await;
    let expire = world.engine.now() + 30 * DAY;
    // 合 is read ge as well.
    let listings = [("求合作", "810000"), ("检测设备", "440100"), ("寻求合作", "110000")];
    for (number, (title, region)) in listings.into_iter().enumerate() {
        let listing = Opportunity { regions: vec![region.to_owned()], ..opportunity(title, "") };
        world.put(&name("a", number), &["public"], &listing, expire).await;
    }
    world.caught_up().await;
    let names = world.names("gz", &Reader::Anonymous).await;
    assert_eq!((names.len(), &*names[0]), (3, "l1"), "{names:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_finds_the_events_in_it() {
    let world = World::new(false).await;
    let expire = world.engine.now() + 400 * DAY;
    let event = |title: &str, start: &str, end: &str| {
        let at = |text: &str| Some(text.parse::<prost_types::Timestamp>().unwrap());
        let (time_zone, venue) = ("Asia/Shanghai".to_owned(), "会展中心".to_owned());
        let event = Event { start_time: at(start), end_time: at(end), time_zone, venue, ..Event::default() };
        Opportunity { details: Some(Details::Event(event)), ..opportunity(title, "") }
    };
    let listings = [
        event("对接会", "2027-03-30T01:00:00Z", "2027-04-02T09:00:00Z"),
        event("展销会", "2027-02-10T01:00:00Z", "2027-02-11T09:00:00Z"),
        event("考察周", "2028-03-10T01:00:00Z", "2028-03-11T09:00:00Z"),
        opportunity("三月采茶工", "每月3天假"),
        // March of China is over.
        event("推介会", "2027-03-31T16:00:00Z", "2027-03-31T20:00:00Z"),
    ];
    for (number, listing) in listings.iter().enumerate() {
        world.put(&name("a", number), &["public"], listing, expire).await;
    }
    world.caught_up().await;
    // It is January 2027.
    for (query, expected) in [
        ("三月", &["l0", "l3"][..]),
        ("3月", &["l0"]),
        ("3月份", &["l0"]),
        ("4月", &["l0", "l4"]),
        ("2027年3月", &["l0"]),
        ("明年三月", &["l2"]),
        ("下个月", &["l1"]),
        ("三月对接会", &["l0"]),
        ("3月 活动", &["l0"]),
        ("活动 -3月", &[]),
        ("“3月”", &[]),
        ("5月", &[]),
    ] {
        let mut names = world.names(query, &Reader::Anonymous).await;
        names.sort();
        assert_eq!(names, expected, "{query}");
    }
    assert_eq!(world.names("三月", &Reader::Anonymous).await[0], "l3", "whoever says it comes first");
}
