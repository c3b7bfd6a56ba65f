//! The tables of docs/DETECTION.md.

use domain::thousands;

use crate::demand::demands;
use crate::published::Method;
use crate::run::{SUBJECTS, Scored};
use crate::setting::{Setting, Spread};
use crate::tally::{Sum, percent};
use crate::truth::Truth;

/// What was run, to be told above the tables.
#[derive(Clone, Copy, Debug)]
pub struct Heading {
    /// The seed.
    pub seed: u64,
    /// Incidents of each truth in each setting.
    pub each: u64,
}

/// All tables as Markdown: of what is asked for, and of what lies beyond.
#[must_use]
pub fn tables(heading: Heading, asked: &[Scored], beyond: &[Scored]) -> String {
    let minutes: usize = asked.iter().map(|one| one.minutes).sum();
    let mut text = format!(
        "Seed {}, {} incidents of each truth in each setting: {} incidents, {} minutes.\n\n",
        heading.seed,
        heading.each,
        thousands(asked.len()),
        thousands(minutes)
    );
    for (title, table) in [
        ("What it must show", shown(asked)),
        ("Wrong evacuations", wrong(asked)),
        ("Missed incidents", missed(asked)),
        ("Minutes of data to act, median / p95", times(asked)),
        ("By size: faults of 5 % and more", sizes(asked)),
        ("Evac by truth and size", by_truth_and_size(asked)),
        (
            "Evac by spread of the traffic: faults of 5 % and more",
            spreads(asked),
        ),
        ("Beyond what is asked for", beyond_table(beyond)),
    ] {
        text += &format!("### {title}\n\n{table}\n");
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn row(cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> = cells.into_iter().collect();
    format!("| {} |\n", cells.join(" | "))
}

fn head(cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> = cells.into_iter().collect();
    let rules = cells.iter().map(|_| "---".to_owned());
    row(cells.clone()) + &row(rules)
}

fn subjects() -> impl Iterator<Item = String> {
    let methods = Method::ALL
        .into_iter()
        .map(|method| method.label().to_owned());
    std::iter::once("Evac".to_owned()).chain(methods)
}

fn of(asked: &[Scored], truth: Truth) -> impl Iterator<Item = &Scored> + Clone {
    asked.iter().filter(move |one| one.truth == truth)
}

fn truths(zonal: bool) -> impl Iterator<Item = Truth> {
    let truths = Truth::ASKED.into_iter();
    truths.filter(move |truth| truth.is_zonal() == zonal)
}

fn shown(asked: &[Scored]) -> String {
    let mut text = head(["demand", "measured", "holds"].map(str::to_owned));
    for demand in demands(asked) {
        let holds = if demand.holds { "yes" } else { "no" };
        text += &row([demand.asked.to_owned(), demand.measured, holds.to_owned()]);
    }
    text
}

fn of_subjects(first: &str) -> String {
    head(
        [first.to_owned(), "incidents".to_owned()]
            .into_iter()
            .chain(subjects()),
    )
}

fn line<'a>(
    label: String,
    incidents: &(impl Iterator<Item = &'a Scored> + Clone),
    cell: impl Fn(&Sum) -> String,
) -> String {
    let count = thousands(incidents.clone().count());
    let cells = (0..SUBJECTS).map(|subject| cell(&Sum::of(incidents.clone(), subject)));
    row([label, count].into_iter().chain(cells))
}

fn wrong(asked: &[Scored]) -> String {
    let cell = |sum: &Sum| percent(sum.wrong, sum.incidents);
    let mut text = of_subjects("truth");
    for truth in truths(false).chain(truths(true)) {
        text += &line(truth.label(), &of(asked, truth), cell);
    }
    let others = asked.iter().filter(|one| !one.truth.is_zonal());
    text + &line("**all that are not zonal**".to_owned(), &others, cell)
}

fn missed(asked: &[Scored]) -> String {
    let mut text = of_subjects("truth");
    for truth in truths(true) {
        text += &line(truth.label(), &of(asked, truth), |sum| {
            percent(sum.held, sum.incidents)
        });
    }
    text
}

fn times(asked: &[Scored]) -> String {
    let mut text = of_subjects("truth");
    for truth in truths(true) {
        text += &line(truth.label(), &of(asked, truth), Sum::times);
    }
    text
}

fn is_strong(scored: &Scored) -> bool {
    matches!(scored.truth, Truth::Zonal(percent) if percent >= 5)
}

fn sizes(asked: &[Scored]) -> String {
    let mut text = of_subjects("requests a minute and zone");
    for requests in Setting::REQUESTS {
        let faults = asked
            .iter()
            .filter(move |one| is_strong(one) && one.setting.requests == requests);
        text += &line(label(requests), &faults, |sum| {
            format!(
                "{} missed, {}",
                percent(sum.held, sum.incidents),
                sum.times()
            )
        });
    }
    text
}

fn label(requests: u32) -> String {
    thousands(requests)
}

fn by_truth_and_size(asked: &[Scored]) -> String {
    let sizes = Setting::REQUESTS.into_iter().map(label);
    let mut text = head(std::iter::once("truth".to_owned()).chain(sizes));
    for truth in truths(true) {
        let cells = Setting::REQUESTS.into_iter().map(|requests| {
            let sum = Sum::of(
                of(asked, truth).filter(|one| one.setting.requests == requests),
                0,
            );
            format!(
                "{} missed, {}",
                percent(sum.held, sum.incidents),
                sum.times()
            )
        });
        text += &row(std::iter::once(truth.label()).chain(cells));
    }
    text
}

fn spreads(asked: &[Scored]) -> String {
    let sizes = Setting::REQUESTS.into_iter().map(label);
    let mut text = head(std::iter::once("quietest to busiest".to_owned()).chain(sizes));
    for spread in Spread::ALL {
        let cells = Setting::REQUESTS.into_iter().map(|requests| {
            let faults = asked.iter().filter(|one| {
                is_strong(one) && one.setting.spread == spread && one.setting.requests == requests
            });
            let sum = Sum::of(faults, 0);
            format!(
                "{} missed, {}",
                percent(sum.held, sum.incidents),
                sum.times()
            )
        });
        text += &row(std::iter::once(spread.label().to_owned()).chain(cells));
    }
    text
}

fn beyond_table(beyond: &[Scored]) -> String {
    let mut text =
        head(["truth", "incidents", "wrong", "missed", "median / p95"].map(str::to_owned));
    for truth in Truth::BEYOND {
        let sum = Sum::of(of(beyond, truth), 0);
        let (missed, times) = if truth.is_zonal() {
            (percent(sum.held, sum.incidents), sum.times())
        } else {
            ("".to_owned(), "".to_owned())
        };
        text += &row([
            truth.label(),
            thousands(sum.incidents),
            percent(sum.wrong, sum.incidents),
            missed,
            times,
        ]);
    }
    text
}
