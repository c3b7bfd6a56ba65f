//! The types that the parts of Evac exchange, and every decision, as pure functions.
pub mod arn;
pub mod duration;
pub mod subnet;
mod text;
pub mod zone;
pub use zone::{ZoneId, ZoneName};
