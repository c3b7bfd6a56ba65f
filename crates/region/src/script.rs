//! What a scenario has happen: faults of the physics, which begin and end by themselves and are only
//! told here, faults of the Region, and what people and AWS do. Each step is taken when its time has come, and people see a line of it.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::fault::spec::RegionFault;
use crate::scenario::act::Act;
use crate::state::State;

/// The steps to come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script(VecDeque<(Timestamp, Step)>);

/// A step.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// The physics take their own course; people see this line of it.
    Tell(String),
    /// A fault of the Region begins, and ends at that time where it is known.
    Begin(RegionFault, Option<Timestamp>),
    /// A fault of the Region ends.
    End(RegionFault),
    /// Somebody does something.
    Act(Act),
}

impl Script {
    /// Adds a step. Of two that begin at one moment, the one that was added first is taken first.
    pub(crate) fn add(&mut self, at: Timestamp, step: Step) {
        self.0.push_back((at, step));
        // At one moment what ends goes before what begins.
        let begins = |step: &Step| !matches!(step, Step::End(_));
        let order = |(at, step): &(Timestamp, Step)| (*at, begins(step));
        self.0.make_contiguous().sort_by_key(order);
    }

    /// When the next step is to be taken.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.0.front().map(|(at, _)| *at)
    }

    /// Takes out the next step whose time has come.
    pub(crate) fn next(&mut self, now: Timestamp) -> Option<Step> {
        let (_, step) = self.0.pop_front_if(|(at, _)| *at <= now)?;
        Some(step)
    }
}

impl Step {
    /// Takes the step.
    pub(crate) fn take(&self, state: &mut State) {
        match self {
            Self::Tell(line) => state.tell_scenario(line.clone()),
            Self::Begin(fault, until) => {
                state.tell_scenario(format!("fault of the Region begins: {fault}"));
                fault.begin(state, *until);
            }
            Self::End(fault) => {
                state.tell_scenario(format!("fault of the Region ends: {fault}"));
                fault.end(state);
            }
            Self::Act(act) => {
                state.tell_scenario(act.to_string());
                if let Err(refusal) = act.perform(state) {
                    state.note_refused_act(format!("{act}, and that was refused: {refusal}"));
                }
            }
        }
    }
}
