//! The physics (work in progress).

mod clients;
mod customers;
mod fault;
mod instance;
mod latency;
mod layout;
mod spec;

pub use customers::{Counts, CustomerLog};
pub use fault::{Effect, Fault, FaultError, Target};
pub use layout::{Infrastructure, InstanceRef};
pub use spec::{BaselineSpec, ClientSpec, LoadBalancerSpec, SpecError, TrafficSpec, WorldSpec};
