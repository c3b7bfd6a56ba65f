//! The benchmark: from nothing to the shift, beside what else would be written; a fleet against the token
//! buckets; and the embedded Region itself.

pub mod budgets;
pub mod chain;
pub mod fleet;
pub mod front;
pub mod machine;
pub mod many;
pub mod page;
pub mod process;
pub mod quota;
pub mod run;
pub mod setting;
pub mod sizes;
pub mod speed;
pub mod starts;
pub mod statistics;
