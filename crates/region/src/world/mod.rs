//! The physics (work in progress).

mod fault;
mod layout;
mod spec;

pub use fault::{Effect, Fault, FaultError, Target};
pub use layout::{Infrastructure, InstanceRef};
pub use spec::{BaselineSpec, ClientSpec, LoadBalancerSpec, SpecError, TrafficSpec, WorldSpec};
