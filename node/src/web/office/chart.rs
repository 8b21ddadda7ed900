//! Bars, drawn on the server: two series beside each other, told apart by pattern as well as by colour. The table beneath
//! says the same in numbers, so whoever does not see the picture lacks nothing.

use askama::Template;

use super::super::catalogue::Texts;
use super::super::format;

/// Sizes, in the picture's own unit.
const TOP: u32 = 12;
/// What bars take across their length.
struct Row {
    bar: u32,
    /// Between the two of one label.
    gap: u32,
    /// Around them.
    aside: u32,
}

impl Row {
    /// From one label to the next.
    const fn step(&self) -> u32 {
        2 * (self.aside + self.bar) + self.gap
    }
}

/// Of bars that stand, with a label beneath the two, and of bars that lie.
const STANDING: Row = Row { bar: 18, gap: 2, aside: 9 };
const LYING: Row = Row { bar: 11, gap: 1, aside: 6 };
/// Lines across, and with them numbers at the side.
const LINES: i64 = 4;
/// Where bars stand: what numbers take at their left, and how high the highest is.
const NUMBERS: u32 = 48;
const HIGH: u32 = 160;
/// Where bars lie: what names take at their left, and how long the longest is.
const NAMES: u32 = 200;
const LONG: u32 = 240;
/// Beside names, and at the right.
const BESIDE: u32 = 8;
/// What an ideograph takes, and any other character.
const IDEOGRAPH: u32 = 11;
const LETTER: u32 = 6;

/// A bar of the first or the second series.
struct Bar {
    x: u32,
    y: u32,
    wide: u32,
    high: u32,
    second: bool,
}

/// A word of the picture.
struct Mark {
    x: u32,
    y: u32,
    /// Where of it that place is: as SVG's `text-anchor` has it.
    anchor: &'static str,
    text: String,
}

struct Line {
    from: (u32, u32),
    to: (u32, u32),
}

/// The picture; `{{ chart|safe }}` writes it.
#[derive(Template)]
#[template(path = "office/chart.html")]
pub(crate) struct Chart {
    id: &'static str,
    title: String,
    description: String,
    series: [String; 2],
    /// Whether its bars lie, each beside its name.
    lying: bool,
    wide: u32,
    high: u32,
    bars: Vec<Bar>,
    marks: Vec<Mark>,
    lines: Vec<Line>,
}

/// What a chart shows. Values are by the label beside them, and are not negative.
pub(crate) struct Shown<'a> {
    /// Unique on the page.
    pub(crate) id: &'static str,
    pub(crate) title: String,
    /// What the two series are called.
    pub(crate) series: [String; 2],
    pub(crate) values: &'a [(String, i64, i64)],
}

/// How far a line is from the next, so that [`LINES`] of them are enough.
fn step(values: &[(String, i64, i64)]) -> i64 {
    let most = values.iter().flat_map(|(_, a, b)| [*a, *b]).max().unwrap_or(0);
    round_up((most.max(1) + LINES - 1) / LINES)
}

/// How long a value's bar is where the last line is at `whole`.
fn length(value: i64, step: i64, whole: u32) -> u32 {
    u32::try_from(value.max(0) * i64::from(whole) / (step * LINES)).unwrap_or(0)
}

/// Each value with where the bar of its label's two begins, and whether it is the second.
fn places<'a>(row: &'a Row, values: &'a [(String, i64, i64)]) -> impl Iterator<Item = (i64, u32, bool)> + 'a {
    (0_u32..).zip(values).flat_map(|(at, (_, first, second))| {
        let begins = at * row.step() + row.aside;
        [(*first, begins, false), (*second, begins + row.bar + row.gap, true)]
    })
}

fn count(values: &[(String, i64, i64)]) -> u32 {
    u32::try_from(values.len()).unwrap_or(0)
}

/// As much of a name as there is room for.
fn cut(name: &str) -> String {
    let width = |c: char| if c > '\u{2e80}' { IDEOGRAPH } else { LETTER };
    if name.chars().map(width).sum::<u32>() <= NAMES - BESIDE {
        return name.to_owned();
    }
    let mut room = NAMES - BESIDE - IDEOGRAPH;
    let fits = |c: &char| {
        let left = room.checked_sub(width(*c));
        room = left.unwrap_or(0);
        left.is_some()
    };
    let kept: String = name.chars().take_while(fits).collect();
    format!("{}…", kept.trim_end())
}

impl Chart {
    /// With bars that stand: of months, whose names are short.
    pub(crate) fn standing(texts: Texts, shown: Shown<'_>) -> Self {
        let (values, step) = (shown.values, step(shown.values));
        let ground = TOP + HIGH;
        let bar = |(value, begins, second)| {
            let high = length(value, step, HIGH);
            Bar { x: NUMBERS + begins, y: ground - high, wide: STANDING.bar, high, second }
        };
        let wide = NUMBERS + count(values) * STANDING.step() + BESIDE;
        let (mut marks, mut lines) = (Vec::new(), Vec::new());
        for value in (0..=LINES).map(|line| line * step) {
            let y = ground - length(value, step, HIGH);
            lines.push(Line { from: (NUMBERS, y), to: (wide - BESIDE, y) });
            marks.push(Mark { x: NUMBERS - 6, y: y + 4, anchor: "end", text: format::grouped(value) });
        }
        for (at, (label, ..)) in (0_u32..).zip(values) {
            let x = NUMBERS + at * STANDING.step() + STANDING.step() / 2;
            marks.push(Mark { x, y: ground + 20, anchor: "middle", text: label.clone() });
        }
        let bars = places(&STANDING, values).map(bar).collect();
        Self { lying: false, wide, high: ground + 28, bars, marks, lines, ..Self::empty(texts, shown) }
    }

    /// With bars that lie: of what has names of any length.
    pub(crate) fn lying(texts: Texts, shown: Shown<'_>) -> Self {
        let (values, step) = (shown.values, step(shown.values));
        let bar = |(value, begins, second)| Bar {
            x: NAMES,
            y: TOP + begins,
            wide: length(value, step, LONG),
            high: LYING.bar,
            second,
        };
        let ground = TOP + count(values) * LYING.step();
        let (mut marks, mut lines) = (Vec::new(), Vec::new());
        for value in (0..=LINES).map(|line| line * step) {
            let x = NAMES + length(value, step, LONG);
            lines.push(Line { from: (x, TOP), to: (x, ground) });
            marks.push(Mark { x, y: ground + 18, anchor: "middle", text: format::grouped(value) });
        }
        for (at, (label, ..)) in (0_u32..).zip(values) {
            let y = TOP + at * LYING.step() + LYING.step() / 2 + 4;
            marks.push(Mark { x: NAMES - BESIDE, y, anchor: "end", text: cut(label) });
        }
        let bars = places(&LYING, values).map(bar).collect();
        let wide = NAMES + LONG + NUMBERS;
        Self { lying: true, wide, high: ground + 28, bars, marks, lines, ..Self::empty(texts, shown) }
    }

    fn empty(texts: Texts, shown: Shown<'_>) -> Self {
        let said = shown.values.iter().map(|(label, a, b)| {
            let (a, b) = (format::grouped(*a), format::grouped(*b));
            format!("{label}{}", texts.fill("chart-said", &[("first", &a), ("second", &b)]))
        });
        Self {
            id: shown.id,
            description: said.collect::<Vec<_>>().join(&texts.text("list-comma")),
            title: shown.title,
            series: shown.series,
            lying: false,
            wide: 0,
            high: 0,
            bars: Vec::new(),
            marks: Vec::new(),
            lines: Vec::new(),
        }
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

    fn values(values: &[(&str, i64, i64)]) -> Vec<(String, i64, i64)> {
        values.iter().map(|(label, a, b)| ((*label).to_owned(), *a, *b)).collect()
    }

    fn charts(given: &[(&str, i64, i64)]) -> [Chart; 2] {
        let values = values(given);
        let shown = || Shown { id: "c", title: "t".to_owned(), series: ["a", "b"].map(str::to_owned), values: &values };
        let texts = Texts::of(Language::En);
        [Chart::standing(texts, shown()), Chart::lying(texts, shown())]
    }

    #[test]
    fn bars_are_as_long_as_their_numbers_and_stay_in_the_picture() {
        let [standing, lying] = charts(&[("Oct", 10, 0), ("Nov", 40, 20)]);
        assert_eq!(standing.bars.iter().map(|bar| bar.high).collect::<Vec<_>>(), [40, 0, 160, 80]);
        assert_eq!(lying.bars.iter().map(|bar| bar.wide).collect::<Vec<_>>(), [60, 0, 240, 120]);
        assert!(standing.bars.iter().all(|bar| bar.y + bar.high == TOP + HIGH));
        assert!(lying.bars.iter().all(|bar| bar.x == NAMES));
        for chart in [&standing, &lying] {
            for bar in &chart.bars {
                assert!(bar.x + bar.wide <= chart.wide && bar.y >= TOP && bar.y + bar.high <= chart.high);
            }
            assert!(chart.description.contains("Oct") && chart.description.contains("40"));
        }
    }

    #[test]
    fn nothing_and_much_are_drawn_too() {
        assert!(charts(&[]).iter().all(|chart| chart.bars.is_empty()));
        assert!(charts(&[("Nov", 0, 0)])[0].bars.iter().all(|bar| bar.high == 0));
        for chart in charts(&[("Nov", 123_456, 1)]) {
            assert!(chart.marks.iter().any(|mark| mark.text == "200,000"));
        }
        assert_eq!([1, 2, 3, 9, 11, 49, 51, 100].map(round_up), [1, 2, 5, 10, 20, 50, 100, 100]);
    }

    #[test]
    fn a_name_that_is_too_long_is_cut() {
        assert_eq!(cut("贵州省毕节市"), "贵州省毕节市");
        let long = "深圳市对口支援办公室驻新疆维吾尔自治区联络处";
        assert_eq!(cut(long), "深圳市对口支援办公室驻新疆维吾尔…");
        assert_eq!(cut("Liaison Office of Shenzhen in Guizhou"), "Liaison Office of Shenzhen in…");
    }
}
