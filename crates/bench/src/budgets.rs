//! Budgets: what may not get worse. What is checked are ratios and counts, because times of one machine say
//! nothing of another.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

/// Figures by their names.
pub type Figures = BTreeMap<String, f64>;

/// A budget.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Budget {
    /// The figure's name.
    pub figure: String,
    /// The point of the demands that it belongs to.
    pub point: u32,
    /// What is demanded, in words.
    pub demand: String,
    /// The figure may not be larger.
    pub at_most: Option<f64>,
    /// The figure may not be smaller.
    pub at_least: Option<f64>,
    /// The share of the limit by which it differs from one run to the next.
    #[serde(default)]
    pub noise: f64,
    /// The limit in the short form, which measures executables that are not optimised; without it the
    /// short form does not judge the figure.
    pub short: Option<f64>,
    /// Whether it is a time of one machine: the page tells it, and no check fails by it.
    #[serde(default)]
    pub absolute: bool,
}

/// How a figure stands to its budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It keeps it.
    Kept,
    /// It does not, by no more than noise.
    Within,
    /// It does not.
    Broken,
    /// It was not measured.
    Unmeasured,
}

impl Budget {
    /// How the figures stand to it.
    #[must_use]
    pub fn judge(&self, figures: &Figures) -> Standing {
        let Some(figure) = figures.get(&self.figure).copied() else {
            return Standing::Unmeasured;
        };
        let kept = |noise: f64| {
            let below = self
                .at_most
                .is_none_or(|most| figure <= most * (1.0 + noise));
            let above = self
                .at_least
                .is_none_or(|least| figure >= least * (1.0 - noise));
            below && above
        };
        match (kept(0.0), kept(self.noise)) {
            (true, _) => Standing::Kept,
            (false, true) => Standing::Within,
            (false, false) => Standing::Broken,
        }
    }

    /// The budget of the short form.
    fn in_short_form(mut self) -> Option<Self> {
        let limit = self.short?;
        self.at_most = self.at_most.map(|_| limit);
        self.at_least = self.at_least.map(|_| limit);
        Some(self)
    }

    /// The limit in words.
    #[must_use]
    pub fn limit(&self) -> String {
        let most = self.at_most.map(|most| format!("at most {most}"));
        let least = self.at_least.map(|least| format!("at least {least}"));
        most.into_iter().chain(least).collect::<Vec<_>>().join(", ")
    }
}

/// Reads the file of budgets, for the whole form or for the short one.
///
/// # Errors
/// Where it cannot be read, or is not a list of budgets.
pub fn read(path: &Path, short: bool) -> anyhow::Result<Vec<Budget>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let all: Vec<Budget> =
        serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    Ok(match short {
        false => all,
        true => all.into_iter().filter_map(Budget::in_short_form).collect(),
    })
}

/// What is broken, a line each. What was not measured is broken too.
#[must_use]
pub fn broken(budgets: &[Budget], figures: &Figures) -> Vec<String> {
    let line = |budget: &Budget| {
        let told = match budget.judge(figures) {
            Standing::Kept | Standing::Within => return None,
            Standing::Unmeasured => "was not measured".to_owned(),
            Standing::Broken => {
                let figure = figures.get(&budget.figure).copied().unwrap_or(f64::NAN);
                format!("is {figure:.2}, expected {}", budget.limit())
            }
        };
        Some(format!("{} {told}: {}", budget.figure, budget.demand))
    };
    let checked = budgets.iter().filter(|budget| !budget.absolute);
    checked.filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(at_most: Option<f64>, at_least: Option<f64>) -> Budget {
        Budget {
            figure: "figure".to_owned(),
            point: 1,
            demand: "it is demanded".to_owned(),
            at_most,
            at_least,
            noise: 0.1,
            short: None,
            absolute: false,
        }
    }

    #[test]
    fn a_budget_is_broken_by_more_than_noise() {
        let most = budget(Some(10.0), None);
        let judge = |budget: &Budget, figure: f64| {
            budget.judge(&Figures::from([("figure".to_owned(), figure)]))
        };
        assert_eq!(judge(&most, 10.0), Standing::Kept);
        assert_eq!(judge(&most, 10.9), Standing::Within);
        assert_eq!(judge(&most, 11.1), Standing::Broken);
        let least = budget(None, Some(20.0));
        assert_eq!(judge(&least, 20.0), Standing::Kept);
        assert_eq!(judge(&least, 18.1), Standing::Within);
        assert_eq!(judge(&least, 17.9), Standing::Broken);
        assert_eq!(judge(&least, f64::NAN), Standing::Broken);
    }

    #[test]
    fn the_short_form_has_limits_of_its_own_or_none() {
        assert!(budget(Some(10.0), None).in_short_form().is_none());
        let mut least = budget(None, Some(20.0));
        least.short = Some(5.0);
        let short = least.in_short_form().unwrap();
        assert_eq!((short.at_most, short.at_least), (None, Some(5.0)));
    }

    #[test]
    fn what_is_broken_is_told_with_its_demand() {
        let budgets = [budget(Some(10.0), None)];
        let figures = Figures::from([("figure".to_owned(), 12.0)]);
        assert_eq!(
            broken(&budgets, &figures),
            ["figure is 12.00, expected at most 10: it is demanded"]
        );
        let of_one_machine = [Budget {
            absolute: true,
            ..budget(Some(10.0), None)
        }];
        assert_eq!(broken(&of_one_machine, &figures), [""; 0]);
        let none = Figures::new();
        assert_eq!(
            broken(&budgets, &none),
            ["figure was not measured: it is demanded"]
        );
    }
}
