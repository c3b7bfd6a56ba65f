//! Making a history that fails smaller: without what it fails without, too.

use crate::play::play;
use crate::transcript::{Setting, Step, Transcript};
use crate::variant::Variant;

/// How many histories are played to make one smaller.
const MOST_TRIES: usize = 300;

/// A smaller history that fails in the same way.
#[must_use]
pub fn shrink(transcript: &Transcript, variant: Variant) -> Transcript {
    let mut smallest = transcript.clone();
    let Some(kind) = kind(&smallest, variant) else {
        return smallest;
    };
    let mut tries = 0;
    let mut fails = |candidate: &Transcript| {
        tries += 1;
        tries <= MOST_TRIES && self::kind(candidate, variant).as_deref() == Some(&kind)
    };
    loop {
        let before = smallest.clone();
        let mut size = smallest.steps.len().div_ceil(2);
        while size > 0 {
            let mut from = 0;
            while from < smallest.steps.len() {
                let candidate = without(&smallest, from, size);
                if fails(&candidate) {
                    smallest = candidate;
                } else {
                    from += size;
                }
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
        for simpler in SIMPLER {
            let mut candidate = smallest.clone();
            simpler(&mut candidate.setting);
            if candidate != smallest && fails(&candidate) {
                smallest = candidate;
            }
        }
        for place in 0..smallest.steps.len() {
            for after in [0, smallest.steps[place].after / 60 * 60] {
                let mut candidate = smallest.clone();
                candidate.steps[place].after = after;
                if candidate != smallest && fails(&candidate) {
                    smallest = candidate;
                }
            }
        }
        if smallest == before {
            return smallest;
        }
    }
}

/// What a history fails in, as far as two failures are alike by it.
fn kind(transcript: &Transcript, variant: Variant) -> Option<String> {
    let played = play(transcript, variant);
    let first = played.wrong.first()?;
    first.split(':').next().map(ToOwned::to_owned)
}

/// A history without some steps; the others happen when they did.
fn without(transcript: &Transcript, from: usize, count: usize) -> Transcript {
    let mut late = 0;
    let mut steps: Vec<Step> = Vec::new();
    for (place, step) in transcript.steps.iter().enumerate() {
        if (from..from + count).contains(&place) {
            late += step.after;
        } else {
            let after = step.after + std::mem::take(&mut late);
            steps.push(Step {
                after,
                ..step.clone()
            });
        }
    }
    Transcript {
        steps,
        ..transcript.clone()
    }
}

/// Settings that have less to them.
const SIMPLER: [fn(&mut Setting); 10] = [
    |setting| setting.shuffled = false,
    |setting| setting.skew = [0; 3],
    |setting| setting.evidence = false,
    |setting| setting.groups = 1,
    |setting| setting.resources = 1,
    |setting| setting.resources = 2,
    |setting| setting.subnets_per_zone = 1,
    |setting| setting.zones = 3,
    |setting| {
        setting.automatic = false;
        setting.canary = false;
    },
    |setting| setting.tick_minutes = 10,
];
