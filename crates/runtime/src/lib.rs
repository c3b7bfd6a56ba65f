//! What the functions share at the edge: settings, telemetry, clients, waiting for their turn, failures, the invocation.
//!
//! A function's `main` is: start logging, read the settings, open the connections, [`warm_up::warm_up`],
//! [`serve::serve`].

pub mod clients;
pub mod failure;
pub mod invocation;
pub mod serve;
pub mod settings;
pub mod telemetry;
pub mod turn;
pub mod warm_up;
