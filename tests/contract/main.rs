//! The contract suite: one set of assertions about what AWS documents, run through the Rust SDK
//! against the embedded Region, and against emulators that others wrote.
//!
//! The emulators guard against a Region that merely agrees with us. Where one of them breaks a
//! contract, the AWS documentation decides; a difference that stays is written down in
//! [`differences`] and in docs/REGION.md, and the suite asserts that it is still there.
//!
//! Each contract is a test of its own for each subject: `autoscaling::tags::moto::<contract>`. The
//! tests of the emulators need these to run: `make test`, or `scripts/with-emulators <command>`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may panic"
)]

#[macro_use]
mod contract;

mod autoscaling;
mod broken;
mod cloudwatch;
mod differences;
mod document;
mod eventbridge;
mod lambda;
mod logs;
mod refusal;
mod sns;
mod subject;
mod zip;

use contract::Contract;

/// Every contract.
fn contracts() -> Vec<&'static Contract> {
    let services = [
        autoscaling::contracts(),
        cloudwatch::contracts(),
        eventbridge::contracts(),
        lambda::contracts(),
        logs::contracts(),
        sns::contracts(),
    ];
    services.concat()
}
