//! The page docs/PERFORMANCE.md: prose that people wrote, and tables between two markers.

use std::fmt::Write;

use anyhow::Context;
use region::operation::Service;

use crate::budgets::{Budget, Figures, Standing};
use crate::chain::Chain;
use crate::fleet::{NEEDED, Outcome};
use crate::process::Share;
use crate::sizes::Size;
use crate::speed::Speed;
use crate::starts::Start;

/// Where the tables begin and end.
const BEGIN: &str = "<!-- Written by make bench; do not edit. -->\n";
const END: &str = "<!-- End of what make bench writes. -->\n";

/// The page with these tables in place of its own.
///
/// # Errors
/// Where the page lacks a marker.
pub fn with_tables(page: &str, tables: &str) -> anyhow::Result<String> {
    let (before, rest) = page
        .split_once(BEGIN)
        .with_context(|| format!("the page lacks the line {BEGIN:?}, expected above the tables"))?;
    let (_, after) = rest
        .split_once(END)
        .with_context(|| format!("the page lacks the line {END:?}, expected below the tables"))?;
    Ok(format!("{before}{BEGIN}\n{tables}\n{END}{after}"))
}

/// A table in Markdown.
#[derive(Debug, Default)]
pub struct Table(String);

impl Table {
    /// A table with these columns; all but the first are numbers.
    #[must_use]
    pub fn of(columns: &[&str]) -> Self {
        let mut table = Self::default();
        table.row(columns);
        let rules: Vec<&str> = (0..columns.len())
            .map(|index| if index == 0 { "---" } else { "---:" })
            .collect();
        table.row(&rules);
        table
    }

    /// One row more.
    pub fn row(&mut self, cells: &[impl AsRef<str>]) {
        let cells: Vec<&str> = cells.iter().map(AsRef::as_ref).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "| {} |", cells.join(" | "));
    }

    /// The text.
    #[must_use]
    pub fn text(self) -> String {
        self.0
    }
}

/// What is demanded, what was measured, and whether it holds.
#[must_use]
pub fn demands(budgets: &[Budget], figures: &Figures) -> String {
    let mut table = Table::of(&["demand", "limit", "measured", "holds"]);
    for budget in budgets {
        let figure = figures.get(&budget.figure);
        table.row(&[
            format!("{}. {}", budget.point, budget.demand),
            budget.limit(),
            figure.map_or_else(|| "not measured".to_owned(), |figure| number(*figure)),
            match budget.judge(figures) {
                Standing::Kept => "yes".to_owned(),
                Standing::Within => "within noise".to_owned(),
                Standing::Broken => "**no**".to_owned(),
                Standing::Unmeasured => "unknown".to_owned(),
            },
        ]);
    }
    table.text()
}

/// The starts, one row for each function and share.
#[must_use]
pub fn starts(starts: &[Start]) -> String {
    let mut table = Table::of(&[
        "function",
        "processor",
        "ready",
        "first event handled",
        "first call arrived",
        "of the event, first call after",
        "later call after",
        "later event handled after",
        "peak memory",
    ]);
    for start in starts {
        let ms = |sample: &crate::statistics::Sample| format!("{:.1} ms", sample.median());
        table.row(&[
            start.function.clone(),
            share(start.share),
            ms(&start.ready),
            ms(&start.handled),
            ms(&start.called),
            ms(&start.first_call),
            ms(&start.warm_call),
            ms(&start.warm_handled),
            format!("{:.1} MiB", mebibytes(start.peak_memory)),
        ]);
    }
    table.text()
}

/// A share of a processor in words.
#[must_use]
pub fn share(share: Share) -> String {
    match share {
        Share::Whole => "whole".to_owned(),
        Share::FromStart(megabytes) => format!("{megabytes} MB"),
        Share::FromFirstEvent(megabytes) => format!("{megabytes} MB, Init whole"),
    }
}

/// The chain, and the Python function alone beside it.
#[must_use]
pub fn chain(rows: &[(String, &Chain)], peer: Option<&Start>) -> String {
    let mut table = Table::of(&["from the event to the shift's start", "runs", "p50", "p99"]);
    let mut row = |name: String, sample: &crate::statistics::Sample| {
        table.row(&[
            name,
            sample.count().to_string(),
            format!("{:.1} ms", sample.median()),
            format!("{:.1} ms", sample.quantile(0.99)),
        ]);
    };
    for (name, chain) in rows {
        row(format!("Evac, cold, {name}"), &chain.cold);
        row(format!("Evac, warm, {name}"), &chain.warm);
    }
    if let Some(peer) = peer {
        row("the Python function alone, cold".to_owned(), &peer.acted);
        row(
            "the Python function alone, warm".to_owned(),
            &peer.warm_call,
        );
    }
    table.text()
}

/// The sizes.
#[must_use]
pub fn sizes(sizes: &[Size]) -> String {
    let mut table = Table::of(&["function", "executable", "zip"]);
    for size in sizes {
        table.row(&[
            size.function.to_owned(),
            format!("{:.2} MB", megabytes(size.executable)),
            format!("{:.2} MB", megabytes(size.packed)),
        ]);
    }
    table.text()
}

/// The fleets.
#[must_use]
pub fn fleets(outcomes: &[Outcome]) -> String {
    let mut table = Table::of(&[
        "workloads",
        "last shift started",
        "buckets allow",
        "last group pruned",
        "buckets allow",
        "calls admitted",
        "calls throttled",
        "invocations failed",
        "events given up",
    ]);
    for outcome in outcomes {
        let (admitted, throttled) = outcome.totals();
        let seconds =
            |at: Option<f64>| at.map_or_else(|| "never".to_owned(), |at| format!("{at:.1} s"));
        table.row(&[
            outcome.workloads.to_string(),
            seconds(outcome.shifted),
            format!("{:.1} s", outcome.shift_bound),
            seconds(outcome.pruned),
            format!("{:.1} s", outcome.prune_bound),
            admitted.to_string(),
            throttled.to_string(),
            outcome.failed.values().sum::<usize>().to_string(),
            outcome.dead_letters.to_string(),
        ]);
    }
    let mut text = table.text();
    for outcome in outcomes.iter().filter(|outcome| !outcome.failed.is_empty()) {
        let failed: Vec<String> = outcome
            .failed
            .iter()
            .map(|((function, kind), times)| format!("{function} {kind} {times}"))
            .collect();
        let _ = writeln!(
            text,
            "\nInvocations that failed with {} workloads: {}.",
            outcome.workloads,
            failed.join(", ")
        );
    }
    text
}

/// The calls of a fleet against those that were needed.
#[must_use]
pub fn calls(outcome: &Outcome) -> String {
    let mut table = Table::of(&[
        "call",
        "admitted",
        "throttled",
        "admitted for each workload",
        "needed",
    ]);
    for ((service, operation), (admitted, throttled)) in &outcome.calls {
        #[allow(clippy::cast_precision_loss, reason = "some hundred thousand calls")]
        let each = *admitted as f64 / outcome.workloads.max(1) as f64;
        table.row(&[
            format!("{} {operation}", service.name()),
            admitted.to_string(),
            throttled.to_string(),
            format!("{each:.1}"),
            needed(*service, operation),
        ]);
    }
    table.text()
}

fn needed(service: Service, operation: &str) -> String {
    let found = NEEDED
        .iter()
        .find(|(of, name, _)| *of == service && *name == operation);
    found.map_or_else(|| "none".to_owned(), |(_, _, calls)| calls.to_string())
}

/// The Region's speed.
#[must_use]
pub fn speed(speed: &Speed) -> String {
    let mut table = Table::of(&[
        "one workload of three zones",
        "minutes in a second of one processor",
    ]);
    table.row(&["in peace".to_owned(), format!("{:.0}", speed.in_peace)]);
    table.row(&[
        "with a zone that is slow".to_owned(),
        format!("{:.0}", speed.impaired),
    ]);
    table.text()
}

/// A number with as many digits as say something.
fn number(figure: f64) -> String {
    if figure.abs() >= 100.0 {
        format!("{figure:.0}")
    } else if figure.fract() == 0.0 {
        format!("{figure}")
    } else {
        format!("{figure:.2}")
    }
}

/// Bytes in millions.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "sizes of some megabytes")]
pub fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

/// Bytes in MiB.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "sizes of some megabytes")]
pub fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_replaced_and_prose_is_kept() {
        let page = |tables: &str| format!("# Prose\n\n{BEGIN}{tables}{END}\nMore.\n");
        let written = with_tables(&page("old"), "new\n").unwrap();
        assert_eq!(written, page("\nnew\n\n"));
        let error = with_tables("# Prose\n", "").unwrap_err().to_string();
        assert!(error.contains("lacks the line"), "{error}");
    }

    #[test]
    fn a_demand_stands_beside_what_was_measured() {
        let budgets: Vec<Budget> = serde_json::from_str(
            r#"[{"figure": "a", "point": 1, "demand": "fast", "atMost": 2},
                {"figure": "b", "point": 2, "demand": "small", "atLeast": 3},
                {"figure": "c", "point": 3, "demand": "known", "atLeast": 3}]"#,
        )
        .unwrap();
        let figures = Figures::from([("a".to_owned(), 1.234), ("b".to_owned(), 2.0)]);
        assert_eq!(
            demands(&budgets, &figures),
            "| demand | limit | measured | holds |\n\
             | --- | ---: | ---: | ---: |\n\
             | 1. fast | at most 2 | 1.23 | yes |\n\
             | 2. small | at least 3 | 2 | **no** |\n\
             | 3. known | at least 3 | not measured | unknown |\n"
        );
    }
}
