//! The two ways into the Region: HTTP on loopback, and an HTTP client that never leaves the process;
//! and the endpoints of the workload that the Region plays.

mod encoding;
pub mod endpoints;
pub mod http;
pub mod in_process;
