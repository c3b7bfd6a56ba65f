//! The detection benchmark: how well Evac's judgement tells a zone's impairment from everything else,
//! beside the published methods and on the same counts.
//!
//! [`truth`] is what may happen and what should be done about it, [`setting`] where; [`incident`] draws
//! the counts. [`evac`] walks Evac through an incident, and [`published`] are the other methods.
//! [`run`] has everybody judge everything, [`demand`] holds the result against what is asked, and
//! [`report`] and [`page`] write docs/DETECTION.md, which explains all of it.
//!
//! The same seed gives the same tables: each incident has its own sequence of random numbers, and
//! sums are whole numbers. Logarithms and powers come from the platform's mathematical library; where
//! two of them differ in a last bit, a draw would have to lie within that bit of a limit to change a
//! count.

pub mod demand;
pub mod evac;
pub mod incident;
pub mod page;
pub mod published;
pub mod report;
pub mod run;
pub mod setting;
pub mod tally;
pub mod truth;
