//! Taking a zone's subnets out of Auto Scaling groups, and putting them back: what the classifier
//! asks of asg-pruning, what it answers, the record in the group's tags, and the plan between.

mod plan;
mod protocol;
mod record;

pub use plan::{GroupState, Step, capacity, obstacles, plan};
pub use protocol::{
    ANSWER_SCHEMA, Capacity, GroupReport, NotReached, Outcome, PruneAction, PruneAnswer,
    PruneRequest, PrunedFor, REQUEST_SCHEMA, Refusal,
};
pub use record::{Record, RecordError};
