//! The targets, and what they share.

pub(crate) mod decision;
pub(crate) mod definition;
pub(crate) mod observation;
pub(crate) mod payload;
pub(crate) mod record;
pub(crate) mod region_door;
pub(crate) mod region_fault;
pub(crate) mod region_filter;
pub(crate) mod region_math;
pub(crate) mod region_pattern;
pub(crate) mod region_rule;
pub(crate) mod region_scenario;
pub(crate) mod region_transformer;
pub(crate) mod requests;

use domain::AccountId;
use domain::policy::Mode;
use domain::problem::Problems;
use domain::signal::BareDefaults;
use jiff::Timestamp;

/// The account of the fixtures.
fn own_account() -> AccountId {
    "111122223333".parse().unwrap()
}

/// A moment for whatever needs one: the one at which a drill begins.
fn now() -> Timestamp {
    Timestamp::from_second(1_768_446_000).unwrap()
}

/// What holds for an alarm that comes by itself, in each mode that there is.
fn bare_defaults() -> [BareDefaults; 2] {
    [
        BareDefaults {
            mode: Mode::Observe,
            expires_in: None,
        },
        BareDefaults {
            mode: Mode::Shift,
            expires_in: "6h".parse().ok(),
        },
    ]
}

/// A refusal names its fields, below one of these, and says what is wrong with each.
fn assert_helpful(problems: &Problems, roots: &[&str]) {
    assert!(problems.iter().next().is_some(), "refused for no reason");
    for problem in problems.iter() {
        let is_root = |root: &&str| {
            problem
                .field
                .strip_prefix(*root)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        assert!(
            roots.is_empty() || roots.iter().any(is_root),
            "no field of the input: {problem}"
        );
        assert!(!problem.field.is_empty(), "no field: {problem}");
        assert!(!problem.message.is_empty(), "no message: {problem}");
    }
}
