//! The embedded Region: a small, honest AWS Region for drills and tests.
//!
//! It is not a mock. It speaks the AWS wire protocols for the operations that Evac uses, so that the
//! real SDK, the real executables and other people's clients work against it; and behind the
//! protocols there are zones, instances, traffic and time, so that what Evac does has the effect
//! that it would have. [`region::Region`] is the whole; [`stage`] sets it up for a [`scenario`];
//! [`transport`] are the two ways in; [`audit`] judges what was done to it.
//!
//! Each service's module says what it simplifies.

pub mod arc;
pub mod around;
pub mod audit;
pub mod autoscaling;
#[cfg(test)]
mod bare;
mod before;
pub mod chance;
pub mod clock;
pub mod cloudwatch;
pub mod elb;
pub mod ending;
pub mod error;
pub mod eventbridge;
pub mod fault;
pub mod history;
mod identifier;
pub mod lambda;
pub mod logs;
mod native_shift;
pub mod operation;
mod past;
pub mod region;
mod route;
pub mod scenario;
mod script;
pub mod sns;
pub mod stage;
pub mod state;
mod text;
pub mod timeline;
pub mod transport;
mod wire;
pub mod world;
