//! The page as text, and the document beside its schema.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod made_up;

use made_up::{HOSTILE, account, hostile, incident};

/// Everything between two marks, wherever they stand.
fn between<'a>(text: &'a str, from: &str, to: &str) -> Vec<&'a str> {
    let parts = text.split(from).skip(1);
    parts
        .filter_map(|part| Some(part.split_once(to)?.0))
        .collect()
}

#[test]
fn whatever_others_wrote_is_text_and_never_markup() {
    for incident in [hostile(), {
        let mut quiet = hostile();
        quiet.problems.clear();
        quiet.outcome = "hold".to_owned();
        quiet.customer_errors.without_evac = None;
        quiet.summary = report::summary(&quiet);
        quiet
    }] {
        for page in [report::standalone(&incident), report::parts(&incident)] {
            assert!(page.contains("&lt;script&gt;"), "the names are there");
            for forbidden in [
                "<script",
                "<img",
                "onerror=\"d",
                "</title></style>",
                "javascript:",
            ] {
                assert!(!page.contains(forbidden), "{forbidden}");
            }
            // Nor does any of it end an attribute early.
            for attribute in between(&page, "aria-label=\"", "\"") {
                assert!(!attribute.contains('<'), "{attribute}");
            }
        }
    }
}

#[test]
fn the_charts_show_hostile_zones_as_text() {
    let page = report::standalone(&hostile());
    let charts = between(&page, "<svg", "</svg>").concat();
    assert!(charts.contains("&lt;/title&gt;&lt;/style&gt;&lt;script&gt;"));
    assert!(!charts.contains(HOSTILE));
}

#[test]
fn the_page_stands_alone() {
    let page = report::standalone(&incident(30, 3));
    assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"));
    for reference in ["http://", "https://", "src=", "@import", "url(", "<link"] {
        let found: Vec<&str> = page.matches(reference).collect();
        let namespaces = page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count();
        let expected = if reference == "http://" {
            namespaces
        } else {
            0
        };
        assert_eq!(found.len(), expected, "{reference}");
    }
}

#[test]
fn six_hours_of_six_zones_fit_in_a_megabyte() {
    let page = report::standalone(&incident(360, 6));
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
}

#[test]
fn an_incident_without_numbers_has_a_page_too() {
    let mut bare = incident(1, 1);
    for counts in bare.customers.zones.iter_mut().map(|zone| &mut zone.counts) {
        counts.requests.clear();
    }
    bare.latency.zones.clear();
    bare.map.clear();
    bare.moments.clear();
    bare.verdicts.clear();
    bare.spent.clear();
    bare.customers.without_evac = None;
    bare.customer_errors.without_evac = None;
    bare.invariants.clear();
    bare.summary = report::summary(&bare);
    let page = report::standalone(&bare);
    assert!(page.contains("No alarm of wildrydes is known to have gone off."));
    assert!(page.contains("How many requests there were is not known."));
    assert!(!page.contains("NaN"));
}

#[test]
fn what_nobody_counted_is_not_shown_as_nothing() {
    let mut silent = incident(30, 3);
    for counts in silent
        .customers
        .zones
        .iter_mut()
        .map(|zone| &mut zone.counts)
    {
        counts.requests.fill(None);
        counts.failed.fill(None);
        counts.slow.fill(None);
    }
    for zone in silent.map.iter_mut().flat_map(|phase| &mut phase.zones) {
        zone.requests = None;
    }
    silent.customer_errors.with_evac = None;
    silent.customers.without_evac = None;
    silent.summary = report::summary(&silent);
    let page = report::standalone(&silent);
    assert!(page.contains("How many requests there were is not known."));
    assert!(page.contains("How many requests failed or were slow is not known."));
    assert!(page.contains("not counted"));
    assert!(!page.contains("no requests"));
}

#[test]
fn where_the_time_went_begins_with_the_alarm_where_the_fault_is_not_known() {
    let page = report::standalone(&account());
    assert!(page.contains("DNS and clients"));
    assert!(page.contains("from the alarm until customers were well"));
    assert!(page.contains("To detect: not known."));
    assert!(!page.contains("from the fault until customers were well"));
}
