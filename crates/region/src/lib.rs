//! The embedded Region: a small, honest AWS Region for drills and tests.

pub mod arc;
pub mod autoscaling;
pub mod chance;
pub mod cloudwatch;
pub mod error;
pub mod fault;
mod identifier;
pub mod lambda;
pub mod operation;
pub mod sns;
mod text;
mod wire;
pub mod world;
