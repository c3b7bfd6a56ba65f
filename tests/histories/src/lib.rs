//! Random histories of the whole pipeline: the real handlers and the real SDK clients against the
//! embedded Region, in virtual time.
//!
//! [`draw`] makes a history of a seed, as a [`transcript`]; [`play`] plays it at a [`place`], with
//! everything between the functions and the Region passing through a [`seam`]; the [`oracle`] judges
//! it. [`variant`] are the ways in which Evac is broken on purpose, so that the oracle is known to be
//! able to find something.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this is the tests' own code, and a test may panic"
)]
#![allow(
    missing_docs,
    reason = "the fields of a history are named after what they hold, and only its own tests read them"
)]

mod act;
pub mod draw;
mod oracle;
mod place;
pub mod play;
mod reach;
mod seam;
pub mod shrink;
mod story;
pub mod transcript;
mod truth;
pub mod variant;
