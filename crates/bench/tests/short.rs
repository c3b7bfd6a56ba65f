//! What of the benchmark needs no executables: a small fleet makes the calls that it needs and no others,
//! and the file of budgets is one.

#![allow(
    clippy::unwrap_used,
    reason = "this is the tests' own code, and a test may panic"
)]

use std::path::Path;

use bench::budgets;
use bench::fleet::{NEEDED, play};
use region::operation::Service;

/// Few enough for the burst of every bucket but that of Auto Scaling.
const WORKLOADS: usize = 3;

#[tokio::test(start_paused = true)]
async fn a_small_fleet_is_evacuated_with_the_calls_that_it_needs() {
    let outcome = play(WORKLOADS).await.unwrap();
    // The last message goes out after the last prune, and is not waited for.
    let called = NEEDED
        .iter()
        .filter(|(service, _, _)| *service != Service::Sns);
    for (service, operation, needed) in called {
        let admitted = outcome.admitted(*service, operation);
        assert_eq!(admitted, WORKLOADS * needed, "{operation}: {outcome:#?}");
    }
    assert!(outcome.shifted.unwrap() < 1.0, "{outcome:#?}");
    assert!(
        outcome.pruned.unwrap() >= outcome.prune_bound,
        "{outcome:#?}"
    );
    assert!(outcome.failed.is_empty(), "{outcome:#?}");
    assert_eq!(outcome.dead_letters, 0, "{outcome:#?}");
}

#[test]
fn the_budgets_are_there_for_both_forms() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("budgets.json");
    let all = budgets::read(&file, false).unwrap();
    let short = budgets::read(&file, true).unwrap();
    assert!(!short.is_empty() && short.len() < all.len());
    for budget in all {
        assert!(
            budget.at_most.is_some() != budget.at_least.is_some(),
            "{}: expected one limit",
            budget.figure
        );
    }
}
