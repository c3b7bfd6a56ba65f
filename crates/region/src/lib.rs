//! The embedded Region: a small, honest AWS Region for drills and tests.
pub mod chance;
pub mod cloudwatch;
pub mod error;
pub mod eventbridge;
mod identifier;
pub mod operation;
