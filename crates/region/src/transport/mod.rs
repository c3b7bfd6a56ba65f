//! The two ways into the Region: HTTP on loopback, and an HTTP client that never leaves the process.

mod encoding;
pub mod http;
pub mod in_process;
