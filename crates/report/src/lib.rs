//! An incident as data, with its schema, and as one page for people.
//!
//! The page stands alone: no network, no script, no other file. Whatever it shows, names, descriptions
//! and log lines included, was written by somebody else, and is text: the templates escape it, plotters
//! escapes it in the charts, and the page's own policy forbids everything but its style sheet.

mod chart;
pub mod incident;
mod page;
mod sentences;
mod ticks;

pub use incident::Incident;
pub use page::{Live, live, parts, standalone};
pub use sentences::{grouped, summary};

#[cfg(test)]
extern crate self as report;
#[cfg(test)]
mod schema;
