//! Bars, drawn on the server: two series beside each other, told apart by pattern as well as by colour. The table beneath
//! says the same in numbers, so whoever does not see the picture lacks nothing.

use askama::Template;

use super::super::catalogue::Texts;
use super::super::format;

/// Sizes, in the picture's own unit.
const LEFT: u32 = 48;
const TOP: u32 = 12;
const HIGH: u32 = 160;
const STEP: u32 = 56;
const BAR: u32 = 18;
/// Lines across, and with them numbers at the side.
const LINES: i64 = 4;

/// A bar of the first or the second series.
struct Bar {
    x: u32,
    y: u32,
    height: u32,
    second: bool,
}

struct Mark {
    x: u32,
    text: String,
}

struct Line {
    y: u32,
    text: String,
}

/// The picture; `{{ chart|safe }}` writes it.
#[derive(Template)]
#[template(path = "office/chart.html")]
pub(crate) struct Chart {
    id: &'static str,
    title: String,
    description: String,
    series: [String; 2],
    wide: u32,
    high: u32,
    bars: Vec<Bar>,
    marks: Vec<Mark>,
    lines: Vec<Line>,
}

impl Chart {
    /// Of two series: `values` are by the label beneath them, and are not negative. `id` is unique on the page.
    pub(crate) fn new(
        texts: Texts,
        id: &'static str,
        title: String,
        series: [String; 2],
        values: &[(String, i64, i64)],
    ) -> Self {
        let most = values.iter().flat_map(|(_, a, b)| [*a, *b]).max().unwrap_or(0);
        let step = round_up((most.max(1) + LINES - 1) / LINES);
        let top = step * LINES;
        let height = |value: i64| u32::try_from(value.max(0) * i64::from(HIGH) / top).unwrap_or(0);
        let (mut bars, mut marks) = (Vec::new(), Vec::new());
        for (at, (label, first, second)) in (0_u32..).zip(values) {
            let x = LEFT + at * STEP;
            for (value, offset, is_second) in [(*first, 8, false), (*second, 8 + BAR + 2, true)] {
                let height = height(value);
                bars.push(Bar { x: x + offset, y: TOP + HIGH - height, height, second: is_second });
            }
            marks.push(Mark { x: x + STEP / 2, text: label.clone() });
        }
        let lines = (0..=LINES).map(|line| {
            let value = line * step;
            Line { y: TOP + HIGH - height(value), text: format::grouped(value) }
        });
        let said = values.iter().map(|(label, a, b)| {
            let (a, b) = (format::grouped(*a), format::grouped(*b));
            format!("{label}{}", texts.fill("chart-said", &[("first", &a), ("second", &b)]))
        });
        Self {
            id,
            description: said.collect::<Vec<_>>().join(&texts.text("list-comma")),
            title,
            series,
            wide: LEFT + u32::try_from(values.len()).unwrap_or(0) * STEP + 8,
            high: TOP + HIGH + 28,
            bars,
            marks,
            lines: lines.collect(),
        }
    }

    fn words(&self) -> u32 {
        TOP + HIGH + 20
    }

    fn left(&self) -> u32 {
        LEFT
    }

    fn beside(&self) -> u32 {
        LEFT - 6
    }

    fn bar(&self) -> u32 {
        BAR
    }

    fn right(&self) -> u32 {
        self.wide - 8
    }
}

/// The next number with one digit that says something, or half of one.
fn round_up(number: i64) -> i64 {
    let mut unit = 1;
    while unit * 10 < number {
        unit *= 10;
    }
    [1, 2, 5, 10].into_iter().map(|times| times * unit).find(|round| *round >= number).unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;

    use super::*;

    fn chart(values: &[(&str, i64, i64)]) -> Chart {
        let values: Vec<(String, i64, i64)> =
            values.iter().map(|(label, a, b)| ((*label).to_owned(), *a, *b)).collect();
        Chart::new(Texts::of(Language::En), "c", "t".to_owned(), ["a", "b"].map(str::to_owned), &values)
    }

    #[test]
    fn bars_are_as_high_as_their_numbers_and_stay_in_the_picture() {
        let chart = chart(&[("Oct", 10, 0), ("Nov", 40, 20)]);
        let heights: Vec<u32> = chart.bars.iter().map(|bar| bar.height).collect();
        assert_eq!(heights, [40, 0, 160, 80]);
        for bar in &chart.bars {
            assert_eq!(bar.y + bar.height, TOP + HIGH);
            assert!(bar.x + BAR <= chart.wide && bar.y >= TOP);
        }
        assert!(chart.description.contains("Oct") && chart.description.contains("40"));
    }

    #[test]
    fn nothing_and_much_are_drawn_too() {
        assert!(chart(&[]).bars.is_empty());
        assert!(chart(&[("Nov", 0, 0)]).bars.iter().all(|bar| bar.height == 0));
        assert_eq!(chart(&[("Nov", 123_456, 1)]).lines.last().unwrap().text, "200,000");
        assert_eq!([1, 2, 3, 9, 11, 49, 51, 100].map(round_up), [1, 2, 5, 10, 20, 50, 100, 100]);
    }
}
