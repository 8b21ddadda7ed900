//! One figure and what it should be.

use serde_json::{Value, json};

use super::conditions::Conditions;

/// On which side of a number a figure should lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Goal {
    fn met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(bound) => value >= bound,
            Self::AtMost(bound) => value <= bound,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(bound) => format!(">= {bound}"),
            Self::AtMost(bound) => format!("<= {bound}"),
        }
    }
}

/// A measured number.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Its name.
    pub name: &'static str,
    /// The median.
    pub value: f64,
    /// What it counts.
    pub unit: &'static str,
    /// What the bare loop reached, where there is one, with its unit.
    pub baseline: Option<(f64, &'static str)>,
    /// What it should be; none where it only informs.
    pub goal: Option<Goal>,
    /// Under what particular circumstances, by name.
    pub details: Vec<(&'static str, Value)>,
}

impl Figure {
    /// Whether it is as it should be; figures without a goal are.
    pub fn met(&self) -> bool {
        self.goal.is_none_or(|goal| goal.met(self.value))
    }

    /// One JSON object: `figure`, `value`, `unit`, `baseline`, `goal`, `met`, `conditions`.
    pub fn to_json(&self, conditions: &Conditions) -> Value {
        let mut circumstances = conditions.to_json();
        for (name, value) in &self.details {
            circumstances[*name] = value.clone();
        }
        if let Some((_, unit)) = self.baseline {
            circumstances["baseline_unit"] = unit.into();
        }
        json!({
            "figure": self.name,
            "value": rounded(self.value),
            "unit": self.unit,
            "baseline": self.baseline.map(|(value, _)| rounded(value)),
            "goal": self.goal.map(Goal::text),
            "met": self.goal.map(|goal| goal.met(self.value)),
            "conditions": circumstances,
        })
    }

    /// One line for people.
    pub fn to_text(&self) -> String {
        let goal = self.goal.map_or(String::new(), |goal| {
            format!(", goal {}: {}", goal.text(), if goal.met(self.value) { "met" } else { "MISSED" })
        });
        let baseline = self.baseline.map_or(String::new(), |(value, unit)| format!(", bare {} {unit}", rounded(value)));
        let details: String = self.details.iter().map(|(name, value)| format!(", {name} {value}")).collect();
        format!("{}: {} {}{baseline}{goal}{details}", self.name, rounded(self.value), self.unit)
    }
}

/// To four significant digits: more would be noise.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let scale = 10f64.powi(3 - value.abs().log10().floor() as i32);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_says_whether_its_goal_is_met() {
        let conditions = Conditions { cpu: "c".into(), disk: "d".into(), commit: "e".into() };
        let figure = |value| Figure {
            name: "publish_ratio",
            value,
            unit: "ratio",
            baseline: Some((12_345.678, "listings/s")),
            goal: Some(Goal::AtLeast(0.5)),
            details: vec![("records", 7.into())],
        };
        assert!(!figure(0.499).met() && figure(0.5).met());
        let json = figure(0.51234).to_json(&conditions);
        assert_eq!((&json["value"], &json["baseline"], &json["met"]), (&json!(0.5123), &json!(12350.0), &json!(true)));
        assert_eq!((&json["goal"], &json["conditions"]["records"]), (&json!(">= 0.5"), &json!(7)));
        assert_eq!((rounded(0.0), rounded(-1.23456), rounded(98_765.0)), (0.0, -1.235, 98_770.0));
    }
}
