//! What the fuzz targets do with their bytes.
//!
//! Evac reads what others write: events, definitions, observations, the comments and tags that it finds
//! on resources; and the embedded Region reads whatever a client sends. None of that may make it panic,
//! hang, or take the machine's memory. Each [`Target`] takes any bytes, hands them to one of these
//! readers, and goes on with what was read as far as it goes without AWS.
//!
//! No panic is the least. A target also holds what the reader promises: what is accepted is accepted
//! again after it was written out, what is refused names a field, what is planned keeps the invariants of
//! ARCHITECTURE.md. A fuzzer that only looks for panics finds nothing in a reader that takes nonsense for
//! sense.
//!
//! The targets are run in two ways. `make fuzz` runs them under libFuzzer, guided by coverage, from
//! `fuzz/`. An ordinary test of this crate replays the corpus in `fuzz/corpus` and mutates it without
//! guidance, so that every build of CI looks at some thousands of inputs that nobody has looked at, without
//! compiling every dependency a second time. [`mutate`] is what both have in common: it knows that most
//! inputs are lines of JSON.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is how a target tells what it found"
)]

pub mod limit;
pub mod mutate;
mod targets;

/// A reader that is fed with any bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: of its binary in `fuzz/`, and of its directory in `fuzz/corpus`.
    pub name: &'static str,
    run: fn(&[u8]),
}

impl Target {
    /// Feeds the reader, and ends the process where it takes more memory than [`limit::LARGEST`].
    ///
    /// # Panics
    /// Where the reader panics, or does not keep what it promises.
    pub fn feed(&self, bytes: &[u8]) {
        limit::hold(|| (self.run)(bytes));
    }
}

macro_rules! targets {
    ($($(#[$docs:meta])* $name:ident = $module:ident;)*) => {
        $(
            $(#[$docs])*
            pub const $name: Target = Target {
                name: stringify!($module),
                run: targets::$module::run,
            };
        )*

        /// Every target.
        pub const ALL: &[Target] = &[$($name),*];
    };
}

targets! {
    /// The payload of the classifier.
    PAYLOAD = payload;
    /// A payload with what the classifier saw, to what people are told.
    DECISION = decision;
    /// The definition of a workload, to the requests that are made of it.
    DEFINITION = definition;
    /// The lines of `evac classify`.
    OBSERVATION = observation;
    /// The requests to zonal-shift and asg-pruning, to the steps that they plan.
    REQUESTS = requests;
    /// What Evac writes on resources, and the texts that its types parse.
    RECORD = record;
    /// Requests at the Region's door, in the protocols of all of its services.
    REGION_DOOR = region_door;
    /// The rule of a composite alarm.
    REGION_RULE = region_rule;
    /// Metric math and searches.
    REGION_MATH = region_math;
    /// Event patterns.
    REGION_PATTERN = region_pattern;
    /// Input transformers.
    REGION_TRANSFORMER = region_transformer;
    /// SNS's filter policies.
    REGION_FILTER = region_filter;
    /// Scenario files, to the Region that is set up for them.
    REGION_SCENARIO = region_scenario;
    /// Faults of the Region as the command line writes them.
    REGION_FAULT = region_fault;
}
