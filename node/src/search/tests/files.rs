//! The index's files: lost, damaged or of another version, they are made anew; whole, they are taken up again.

use super::*;
use crate::search::analysis::{cut, fold, is_han};
use crate::search::{SearchError, Suggestion};

async fn with_listings() -> World {
    let world = World::new(false).await;
    let expire = world.engine.now() + 30 * DAY;
    for (number, title) in
        ["在线冷链物流平台", "畢節茶葉冷鏈", "Cold chain logistics park", "光伏电站"].into_iter().enumerate()
    {
        world.put(&name("a", number), &["public"], &opportunity(title, ""), expire).await;
    }
    world.caught_up().await;
    world
}

const COLD: [&str; 2] = ["l0", "l1"];

async fn cold(world: &World) -> Vec<String> {
    world.caught_up().await;
    let mut names = world.names("冷链", &Reader::Anonymous).await;
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_typed_in_any_way_is_found() {
    let world = with_listings().await;
    for (query, found) in [
        ("冷链", &["l0", "l1"][..]),
        ("冷鏈", &["l0", "l1"]),
        ("lenglian", &["l0", "l1"]),
        ("llwl", &["l0"]),
        ("\"冷链物流\"", &["l0"]),
        ("\"物流冷链\"", &[]),
        ("冷链 -茶叶", &["l0"]),
        ("cold", &["l2"]),
        ("logistic", &["l2"]),
        ("logis*", &["l2"]),
        ("logistcs", &["l2"]),
        ("“cold chain”", &["l2"]),
        ("“chain cold”", &[]),
        ("深圳", &["l0", "l1", "l2", "l3"]),
        ("shenzhen 光伏", &["l3"]),
        ("茶", &["l1"]),
        ("不存在的词", &[]),
    ] {
        let mut names = world.names(query, &Reader::Anonymous).await;
        names.sort();
        assert_eq!(names, found, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_more_to_show_does_not_wait_for_an_index() {
    let world = with_listings().await;
    // Whoever had waited would have had it.
    let world = world.restart(|folder| std::fs::remove_dir_all(folder).unwrap()).await;
    let at_once = || Wanted { patience: Patience::AtOnce, ..wanted("冷链", &v1::Filter::default()) };
    let first = world.search.find(at_once(), &Reader::Anonymous).await;
    assert!(first.is_err_and(|error| matches!(error, SearchError::Unready)), "it is not open yet");
    // It was asked for nevertheless: others wait for it, and then there is nothing to wait for.
    assert_eq!(world.names("冷链", &Reader::Anonymous).await.len(), 2);
    assert_eq!(world.search.find(at_once(), &Reader::Anonymous).await.unwrap().hits.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_beginning_of_what_is_there_is_found_while_it_is_typed() {
    let world = World::new(false).await;
    let expire = world.engine.now() + 30 * DAY;
    let texts = [
        ("天麻刺梨精深加工项目招商", "合作方式：合资或独资，投资方式面议。"),
        ("深圳企业寻求毕节农产品供应基地", "需通过质量管理体系认证，长期供货。"),
        ("新能源汽车零部件生产线技术改造", "现有厂房与变电站，可提供政策支持。"),
        ("乡村旅游民宿集群开发", "已完成可行性研究报告和土地流转。"),
    ];
    for (number, (title, body)) in (0..).zip(texts) {
        world.put(&name("a", number), &["public"], &opportunity(title, body), expire).await;
    }
    world.caught_up().await;
    let found = async |query: &str, prefix: bool| {
        let query = parse(query, prefix).unwrap();
        let answer = world.find(Wanted { query, ..wanted("茶", &v1::Filter::default()) }, &Reader::Anonymous).await;
        answer.hits.iter().map(|hit| hit.part.name().id().to_owned()).collect::<Vec<_>>()
    };
    for (number, (title, body)) in texts.iter().enumerate() {
        for text in [title, body] {
            // From the beginning of each word, as far as somebody may have come.
            let words = cut(text);
            let starts = words.iter().map(|word| word.text.as_ptr() as usize - text.as_ptr() as usize);
            for start in starts {
                let typed: Vec<char> =
                    text[start..].chars().take_while(|character| is_han(*character)).take(6).collect();
                for length in 1..=typed.len() {
                    let typed: String = typed[..length].iter().collect();
                    let names = found(&typed, true).await;
                    assert!(names.contains(&format!("l{number}")), "{typed} of {text}: {names:?}");
                }
            }
        }
    }
    for (query, prefix, names) in [
        ("合作方", true, &["l0"][..]),
        ("“合作方", true, &["l0"]),
        ("合作方*", false, &["l0"]),
        ("合作方", false, &[]),
        ("深加工", false, &["l0"]),
        ("方合作", true, &[]),
    ] {
        assert_eq!(found(query, prefix).await, names, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_is_taken_up_again_where_it_was() {
    let world = with_listings().await;
    let expire = world.engine.now() + 30 * DAY;
    let mut before = 0;
    let world = world.restart(|folder| before = segments(&folder).len()).await;
    assert!(before > 0);
    world.put(&name("b", 7), &["public"], &opportunity("冷链仓储", ""), expire).await;
    world.end(&name("a", 0)).await;
    assert_eq!(cold(&world).await, ["l1", "l7"]);
}

/// The files that hold documents.
fn segments(folder: &std::path::Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|end| end == "store" || end == "idx" || end == "term")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_is_lost_damaged_or_of_another_version_is_made_anew() {
    let mut world = with_listings().await;
    let harms: [fn(PathBuf); 6] = [
        |folder| std::fs::remove_dir_all(folder).unwrap(),
        |folder| std::fs::write(folder.join("version"), "0\n").unwrap(),
        |folder| std::fs::write(folder.join("meta.json"), "garbage").unwrap(),
        |folder| {
            for file in segments(&folder) {
                let mut bytes = std::fs::read(&file).unwrap();
                let middle = bytes.len() / 3;
                bytes[middle] ^= 0x5a;
                std::fs::write(file, bytes).unwrap();
            }
        },
        |folder| {
            for file in segments(&folder) {
                std::fs::remove_file(file).unwrap();
            }
        },
        |folder| {
            std::fs::remove_dir_all(&folder).unwrap();
            std::fs::write(folder, "a file where the folder was").unwrap();
        },
    ];
    for harm in harms {
        world = world.restart(harm).await;
        assert_eq!(cold(&world).await, COLD);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_of_another_feed_is_made_anew() {
    let world = with_listings().await;
    let world = world.restart_on(Data::RestoredAlone, |_| ()).await;
    world.end(&name("a", 0)).await;
    assert_eq!(cold(&world).await, ["l1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_neither_miss_nor_repeat_what_stays_while_others_write() {
    for order in [OrderBy::Relevance, OrderBy::NEWEST, OrderBy::CLOSING] {
        let world = World::new(false).await;
        let expire = |number: usize| world.engine.now() + DAY * (1 + number as Micros % 7);
        for number in 0..40 {
            world.now.fetch_add(1 + number as i64 % 3, Ordering::SeqCst);
            let title = format!("冷链项目{}", "冷链".repeat(number % 4));
            world.put(&name("a", number), &["public"], &opportunity(&title, ""), expire(number)).await;
        }
        world.caught_up().await;
        let mut wanted = Wanted { order, size: 7, ..wanted("冷链", &v1::Filter::default()) };
        let (mut seen, mut gone, mut next) = (Vec::new(), 0, 40);
        loop {
            let page = world.find(wanted.clone(), &Reader::Anonymous).await;
            seen.extend(page.hits.iter().map(|hit| hit.part.name().id().to_owned()));
            let Some(start) = page.next else { break };
            wanted.start = start;
            // One that was among the first goes, and new ones come before and after.
            world.end(&name("a", gone)).await;
            for _ in 0..3 {
                world.put(&name("b", next), &["public"], &opportunity("冷链新项目", ""), expire(next)).await;
                next += 1;
            }
            gone += 1;
            world.caught_up().await;
        }
        let stayed: Vec<String> = (gone..40).map(|number| format!("l{number}")).collect();
        for id in &stayed {
            assert_eq!(seen.iter().filter(|seen| *seen == id).count(), 1, "{order:?}: {id} in {seen:?}");
        }
        let distinct: BTreeSetOf = seen.iter().cloned().collect();
        assert_eq!(distinct.len(), seen.len(), "{order:?}: {seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn near_same_texts_and_common_codes_are_duplicates() {
    let world = World::new(false).await;
    let expire = world.engine.now() + 30 * DAY;
    let body = "项目位于毕节市七星关区，占地三百亩，规划冷库十万吨，配套分拣中心与电商办公楼，面向粤港澳大湾区供应生鲜农产品。";
    let code = |opportunity: Opportunity| {
        let scheme = v1::external_code::Scheme::InvestmentProject.into();
        let code = v1::ExternalCode { scheme, code: "2401-440300-04-01-123456".into(), register: String::new() };
        Opportunity { external_codes: vec![code], ..opportunity }
    };
    let original = opportunity("毕节冷链物流园招商", body);
    world.put(&name("a", 0), &["public"], &original, expire).await;
    world.put(&name("b", 1), &["public"], &opportunity("畢節冷鏈物流園招商", body), expire).await;
    world.put(&name("b", 2), &["member:c"], &original, expire).await;
    world.put(&name("c", 3), &["public"], &code(opportunity("光伏电站", "")), expire).await;
    world.put(&name("c", 4), &["public"], &opportunity("茶叶交易会", "春茶"), expire).await;
    world.caught_up().await;
    let of = async |opportunity: &Opportunity, reader: Reader| {
        let found = world.search.duplicates(Some(&name("a", 0)), opportunity, &reader).await.unwrap();
        found.into_iter().map(|found| found.hit.part.name().id().to_owned()).collect::<BTreeSetOf>()
    };
    assert_eq!(of(&original, Reader::Anonymous).await, ["l1".to_owned()].into());
    assert_eq!(of(&original, Reader::Member(id("c"))).await, ["l1".to_owned(), "l2".to_owned()].into());
    assert_eq!(of(&code(opportunity("别的标题", "别的内容")), Reader::Anonymous).await, ["l3".to_owned()].into());
}

type BTreeSetOf = std::collections::BTreeSet<String>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_are_suggested_where_there_is_something_that_the_filter_matches() {
    let world = with_listings().await;
    let places = async |typed: &str, filter: v1::Filter| {
        let (query, filter) = (parse(typed, true).unwrap(), Filter::compile(&filter, &network()).unwrap());
        let found = world.search.suggest(typed, query, filter, 8, &Reader::Anonymous).await.unwrap();
        let place = |suggestion| match suggestion {
            Suggestion::Place { code, .. } => Some(code),
            Suggestion::Title { .. } => None,
        };
        found.into_iter().filter_map(place).collect::<Vec<_>>()
    };
    assert_eq!(places("shenzhen", v1::Filter::default()).await, ["440300"]);
    assert_eq!(places("guangdong", v1::Filter::default()).await, ["440000"], "a province of which there is a city");
    assert!(places("zunyi", v1::Filter::default()).await.is_empty());
    let events = v1::Filter { kinds: vec!["event".into()], ..v1::Filter::default() };
    assert!(places("shenzhen", events).await.is_empty());
}

#[tokio::test]
async fn suggestions_say_what_was_typed() {
    let world = with_listings().await;
    let suggested = async |typed: &str| {
        let (query, filter) =
            (parse(typed, true).unwrap(), Filter::compile(&v1::Filter::default(), &network()).unwrap());
        let found = world.search.suggest(typed, query, filter, 8, &Reader::Anonymous).await.unwrap();
        let text = |suggestion| match suggestion {
            Suggestion::Place { name, .. } => name.to_owned(),
            Suggestion::Title { title, .. } => title,
        };
        found.into_iter().map(text).collect::<Vec<_>>()
    };
    // A listing lies there and does not say so in its title: the place is what was meant.
    for typed in ["深圳", "shenzhen"] {
        let found = suggested(typed).await;
        assert_eq!(found.first().map(String::as_str), Some("深圳市"), "{typed}: {found:?}");
        assert!(found[1..].iter().all(|title| title.contains("深圳")), "{typed}: {found:?}");
    }
    for typed in ["冷链", "lenglian", "ll"] {
        let found = suggested(typed).await;
        let says = |title: &String| fold(title).text.contains("冷链");
        assert!(!found.is_empty() && found.iter().all(says), "{typed}: {found:?}");
    }
}
