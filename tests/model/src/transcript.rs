//! A path through the model, in words: who does what, and what changes.

use std::fmt::Write as _;

use stateright::Path;

use crate::run::{Changing, Run, Shifting};
use crate::{Action, State};

/// A line for each step, and below it what it changes.
#[must_use]
pub fn transcript(path: Path<State, Action>) -> String {
    let steps = path.into_vec();
    let mut text = String::new();
    for (index, (state, action)) in steps.iter().enumerate() {
        let Some(action) = action else {
            continue;
        };
        let _ = writeln!(text, "{:3} {}", index + 1, told(state, *action));
        if let Some((next, _)) = steps.get(index + 1) {
            changes(&mut text, state, next);
        }
    }
    text
}

fn told(state: &State, action: Action) -> String {
    match action {
        Action::Call(slot, call) => format!("{}: {call:?}", who(&state.runs[slot])),
        Action::Dies(slot) => format!("{} dies", who(&state.runs[slot])),
        action => format!("{action:?}"),
    }
}

fn who(run: &Run) -> String {
    match run {
        Run::Idle => "nobody".to_owned(),
        Run::Looking(signal, _) => format!("{signal:?} looks"),
        Run::Shifting(plan, stage) => {
            let stage = match stage {
                Shifting::Reading(_) => "reads",
                Shifting::Starting(_) => "starts",
                Shifting::ReadingBack(..) => "reads back",
            };
            format!("{plan:?} shift {stage}")
        }
        Run::Changing(plan, request, stage) => {
            let stage = match stage {
                Changing::Reading(_) => "reads",
                Changing::Changing(_) => "changes",
            };
            format!("{plan:?} {request:?} {stage}")
        }
        Run::Grouping(plan, request, stage) => format!("{plan:?} {request:?} {stage:?}"),
    }
}

fn changes(text: &mut String, before: &State, after: &State) {
    for (of, name) in ["lead", "other"].into_iter().enumerate() {
        let now = &after.cloud.resources[of];
        if *now != before.cloud.resources[of] {
            let _ = writeln!(text, "      {name}: {:?}, ended {:?}", now.shift, now.ended);
        }
    }
    let group = &after.cloud.group;
    if *group != before.cloud.group {
        let _ = writeln!(
            text,
            "      group: {:?}, starting {:?}, {:?}",
            group.subnets, group.starting, group.record
        );
    }
    if after.ghost != before.ghost {
        let _ = writeln!(text, "      {:?}", after.ghost);
    }
}
