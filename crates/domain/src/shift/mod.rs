//! Moving traffic: what the classifier asks of zonal-shift, what it answers, and the plan between.

mod plan;
mod protocol;

pub use plan::{ResourceReading, ResourceState, Step, plan};
pub use protocol::{
    ANSWER_SCHEMA, ActiveShift, Outcome, REQUEST_SCHEMA, ResourceReport, ShiftAction, ShiftAnswer,
    ShiftKind, ShiftRequest, in_effect,
};
