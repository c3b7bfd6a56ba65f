//! lib
pub mod evac;
pub mod incident;
pub mod published;
pub mod run;
pub mod setting;
pub mod truth;
