//! Numbers under which a site is registered, as the registers write them: what is none of them would be shown on every page
//! of an office, with a link to the register.

use super::fault::Rule;
use super::site::Line;
use super::values::Value as _;
use crate::typed::text::folded;

/// With which registers of a province begin their numbers.
const PROVINCES: &str = "京津沪渝冀晋辽吉黑苏浙皖闽赣鲁豫鄂湘粤桂琼川蜀贵黔云滇藏陕甘陇青宁新蒙";

/// ICP 备案号: `粤ICP备00000000号`, that of one of several sites `粤ICP备00000000号-1`.
///
/// # Errors
/// For what is none.
pub(super) fn icp(text: &str) -> Result<Line, Rule> {
    const RULE: Rule = Rule {
        zh: "应为ICP备案号，如 粤ICP备00000000号 或 粤ICP备00000000号-1",
        en: "it is the number of an ICP filing, for example 粤ICP备00000000号 or 粤ICP备00000000号-1",
    };
    let number = folded(text).to_uppercase();
    let rest = of_a_province(&number).and_then(|rest| rest.strip_prefix("ICP"));
    let rest = rest.and_then(|rest| rest.strip_prefix('备').or_else(|| rest.strip_prefix('证'))).ok_or(RULE)?;
    let (filing, site) = rest.split_once('号').ok_or(RULE)?;
    let is_site = site.is_empty() || site.strip_prefix('-').is_some_and(|site| digits(site, 1, 4));
    if digits(filing, 6, 12) && is_site { Line::read(&number) } else { Err(RULE) }
}

/// 公安备案号: `粤公网安备00000000000000号`.
///
/// # Errors
/// For what is none.
pub(super) fn police(text: &str) -> Result<Line, Rule> {
    const RULE: Rule = Rule {
        zh: "应为公安备案号，如 粤公网安备00000000000000号",
        en: "it is the number of a filing with the police, for example 粤公网安备00000000000000号",
    };
    let number = folded(text);
    let rest = of_a_province(&number).and_then(|rest| rest.strip_prefix("公网安备")).ok_or(RULE)?;
    let filing = rest.strip_suffix('号').ok_or(RULE)?;
    if digits(filing, 10, 14) { Line::read(&number) } else { Err(RULE) }
}

/// 政府网站标识码: ten digits; of a ministry `bm` and eight.
///
/// # Errors
/// For what is none.
pub(super) fn code(text: &str) -> Result<Line, Rule> {
    let code = folded(text).to_lowercase();
    let rest = code.strip_prefix("bm").map_or((&*code, 10), |rest| (rest, 8));
    if digits(rest.0, rest.1, rest.1) {
        return Line::read(&code);
    }
    Err(Rule {
        zh: "应为10位政府网站标识码，如 4403000000，国务院部门的如 bm00000000",
        en: "it is the code of a government's site: ten digits, of a ministry bm and eight digits",
    })
}

fn of_a_province(number: &str) -> Option<&str> {
    let first = number.chars().next().filter(|first| PROVINCES.contains(*first))?;
    number.strip_prefix(first)
}

fn digits(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = fn(&str) -> Result<Line, Rule>;

    #[test]
    fn numbers_of_registers_are_taken_as_people_type_them_and_nothing_else_is() {
        let good: [(Read, &str, &str); 8] = [
            (icp, "粤ICP备00000000号", "粤ICP备00000000号"),
            (icp, " 京icp备2021012345号－2 ", "京ICP备2021012345号-2"),
            (icp, "京ICP证030173号", "京ICP证030173号"),
            (police, "粤公网安备00000000000000号", "粤公网安备00000000000000号"),
            (police, "粤公网安备 44030702000001 号", "粤公网安备44030702000001号"),
            (code, "4403000000", "4403000000"),
            (code, "４４０３００００００", "4403000000"),
            (code, "BM12000001", "bm12000001"),
        ];
        for (read, typed, kept) in good {
            assert_eq!(read(typed).map(|line| line.to_string()).as_deref(), Ok(kept), "{typed}");
        }
        let bad: [(Read, &[&str]); 3] = [
            (
                icp,
                &[
                    "",
                    "x",
                    "ICP备00000000号",
                    "粤ICP备号",
                    "粤ICP备00000000",
                    "粤ICP备00000000号-",
                    "美ICP备00000000号",
                ],
            ),
            (
                police,
                &[
                    "",
                    "?",
                    "公网安备00000000000000号",
                    "粤公网安备号",
                    "粤公网安备0000000000000000号",
                    "粤ICP备00000000号",
                ],
            ),
            (code, &["", "abc", "440300000", "44030000000", "bm1200000", "440300000a"]),
        ];
        for (read, typed) in bad {
            for typed in typed {
                assert!(read(typed).is_err(), "{typed}");
            }
        }
    }
}
