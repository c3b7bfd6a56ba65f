//! Each variant of Evac that is broken on purpose is found out.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may panic, and tells what it found"
)]

use histories::draw::draw;
use histories::play::play;
use histories::variant::Variant;

/// Within so many histories.
const WITHIN: u64 = 1000;

/// Finds a variant out by the rule that it breaks. That it breaks others on the way is its own affair.
fn found_out(variant: Variant, says: &[&str]) {
    let found = (0..WITHIN).find_map(|seed| {
        let wrong = play(&draw(seed), variant).wrong;
        let by = wrong
            .into_iter()
            .find(|wrong| says.iter().any(|says| wrong.contains(says)));
        by.map(|wrong| (seed, wrong))
    });
    match found {
        Some((seed, wrong)) => println!("{variant:?} is found out by history {seed}: {wrong}"),
        None => panic!("{WITHIN} histories found nothing wrong with {variant:?}"),
    }
}

#[test]
#[ignore = "plays up to a thousand histories: `make histories` does, optimised"]
fn without_the_lead_lock_two_zones_are_evacuated() {
    found_out(Variant::NoLeadLock, &["invariant 1: "]);
}

#[test]
#[ignore = "plays up to a thousand histories: `make histories` does, optimised"]
fn a_prune_before_the_shift_is_found_out() {
    found_out(Variant::PruneBeforeShift, &["invariant 2: "]);
}

#[test]
#[ignore = "plays up to a thousand histories: `make histories` does, optimised"]
fn tags_that_are_written_after_the_update_are_found_out() {
    found_out(Variant::TagsAfterUpdate, &["invariant 4: "]);
}

#[test]
#[ignore = "plays up to a thousand histories: `make histories` does, optimised"]
fn a_shift_of_somebody_else_that_is_cancelled_is_found_out() {
    found_out(Variant::ForeignShiftsCancelled, &["invariant 7: "]);
}

#[test]
#[ignore = "plays up to a thousand histories: `make histories` does, optimised"]
fn an_error_that_is_swallowed_is_found_out() {
    found_out(Variant::ErrorSwallowed, &["invariant 9: "]);
}

#[test]
#[ignore = "plays up to a thousand histories: `make histories` does, optimised"]
fn an_operators_cancel_that_is_ignored_is_found_out() {
    found_out(Variant::CancelIgnored, &["a person ended"]);
}

#[test]
#[ignore = "plays up to a thousand histories: `make histories` does, optimised"]
fn a_restore_of_the_original_is_found_out() {
    found_out(
        Variant::OriginalRestored,
        &["which Evac had not removed", "the restore of"],
    );
}

#[test]
#[ignore = "plays up to a thousand histories: `make histories` does, optimised"]
fn a_fail_back_on_silence_is_found_out() {
    found_out(Variant::FailBackOnSilence, &["fail-back on silence: "]);
}
