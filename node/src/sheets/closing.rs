//! Headers that say when something closes, and which date of a listing that can be: a table of events has several, so
//! whoever brings it says which.

use super::fields::Field;
use super::kind::Kind;

/// What such headers end with; `squeezed` has left out what does not tell them apart.
const CLOSES: [&str; 6] = ["截止日期", "截止时间", "截止日", "截至日期", "截至时间", "截止"];
/// What may stand before that and says of what: nothing that is sought or offered, but the answers to it.
const ANSWERS: [&str; 9] = ["报名", "申报", "申请", "应聘", "招聘", "招工", "征集", "揭榜", "受理"];
/// What may stand there and says as little as nothing.
const ALL: [&str; 3] = ["", "需求", "信息"];

/// The fields of a kind that such a header can be meant by; none for any other header.
pub(super) fn fields(squeezed: &str, kind: Kind) -> Vec<Field> {
    let Some(of) = CLOSES.iter().find_map(|end| squeezed.strip_suffix(end)) else { return Vec::new() };
    let dates: &[Field] = match of {
        // Events are registered for, by which a table says 报名 itself.
        "报名" if kind == Kind::Event => &[Field::Deadline],
        of if ANSWERS.contains(&of) => &[Field::Deadline, Field::Expire],
        of if ALL.contains(&of) => &[Field::End, Field::Deadline, Field::Expire],
        _ => &[],
    };
    dates.iter().copied().filter(|field| field.info().is_of(kind)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_closes_is_one_date_of_most_kinds_and_any_of_three_of_an_event() {
        for header in ["截止", "截止日期", "截止时间", "报名截止", "报名截止时间", "申报截止日期", "需求截止日期"]
        {
            assert_eq!(fields(header, Kind::Talent), [Field::Expire], "{header}");
        }
        assert_eq!(fields("报名截止日期", Kind::Event), [Field::Deadline]);
        assert_eq!(fields("申报截止", Kind::Event), [Field::Deadline, Field::Expire]);
        assert_eq!(fields("截止日期", Kind::Event), [Field::End, Field::Deadline, Field::Expire]);
        for other in ["建设截止时间", "付款截止", "日期", "截止日期说明", "截至"] {
            assert_eq!(fields(other, Kind::Project), [], "{other}");
        }
    }
}
