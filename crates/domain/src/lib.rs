//! The types that the parts of Evac exchange, and every decision, as pure functions.
//!
//! Nothing here is asynchronous, calls AWS, reads a clock or an environment, or draws a random
//! number; `clippy.toml` beside this crate bans what would. So a decision can be read without
//! knowing AWS, tested without a runtime, and replayed from a log.
//!
//! In the order of an invocation: a payload becomes a [`signal::Signal`] ([`definition`],
//! [`event`]); what was seen is an [`observation::Observation`]; [`decide::decide`] makes a
//! [`verdict::Verdict`] and a [`decide::Plan`] of both, with what [`judge`] makes of the counts in it; [`shift`] and [`prune`] are what the other
//! two functions are asked and how they plan; [`report`] is the classifier's answer, and [`notice`]
//! what people are told of it.

pub mod arn;
pub mod capacity;
pub mod decide;
pub mod definition;
pub mod duration;
pub mod event;
pub mod evidence;
pub mod failure;
pub mod hold;
pub mod incident;
pub mod judge;
pub mod name;
pub mod notice;
pub mod observation;
pub mod policy;
pub mod problem;
pub mod prune;
pub mod readiness;
pub mod report;
pub mod shift;
pub mod signal;
pub mod subnet;
mod text;
pub mod verdict;
pub mod workload;
pub mod zone;

pub use arn::{AccountId, ResourceArn};
pub use failure::{Class, Disposition, Failure};
pub use incident::IncidentId;
pub use name::WorkloadName;
pub use subnet::SubnetId;
pub use text::thousands;
pub use workload::Workload;
pub use zone::{ZoneId, ZoneName};
