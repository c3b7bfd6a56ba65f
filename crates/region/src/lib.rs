//! The embedded Region: a small, honest AWS Region for drills and tests.

pub mod autoscaling;
pub mod chance;
pub mod error;
pub mod fault;
pub mod lambda;
pub mod operation;
pub mod sns;
mod text;
mod wire;
