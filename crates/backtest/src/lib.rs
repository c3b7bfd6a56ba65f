//! Evac's judgement over recorded counts.
//!
//! [`lines`] judges observations that stand on a line of JSON each, as a person or a script puts them
//! together. [`walk`] judges a history minute by minute, and [`report`] tells what came of it. The
//! judgement itself is [`domain::judge`]'s, the one that decides in an incident: what is
//! tried here is the policy that will act.
//!
//! Nothing here names AWS, an async runtime or a clock, so that it can be measured by itself.

pub mod lines;
pub mod reason;
pub mod report;
pub mod walk;
