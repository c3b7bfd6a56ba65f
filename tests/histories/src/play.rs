//! Playing a history: step by step, with the oracle looking after each; then the end, when nothing
//! goes wrong any more.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use region::fault::spec::RegionFault;
use serde_json::json;

use crate::act;
use crate::oracle;
use crate::reach;
use crate::seam::Desk;
use crate::story;
use crate::transcript::{Health, Tags, Transcript, What, Whose};
use crate::variant::Variant;

/// What came of a history.
#[derive(Debug)]
pub struct Played {
    /// What is not as it must be; empty where everything is.
    pub wrong: Vec<String>,
    /// What happened, a line each; empty where nothing is wrong.
    pub story: Vec<String>,
    /// What it came to.
    pub reached: BTreeSet<&'static str>,
    /// How often functions ran.
    pub runs: usize,
    /// How many calls they made.
    pub calls: usize,
}

/// Plays a history, with a clock of its own.
pub fn play(transcript: &Transcript, variant: Variant) -> Played {
    // The SDK draws its waits from this generator.
    fastrand::seed(transcript.seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(play_on(transcript, variant))
}

async fn play_on(transcript: &Transcript, variant: Variant) -> Played {
    let desk = Desk::of(&transcript.setting, transcript.seed, variant);
    let mut wrong = Vec::new();
    for step in &transcript.steps {
        pass(&desk, step.after).await;
        wrong = oracle::look(&desk);
        if !wrong.is_empty() {
            break;
        }
        match step.before_call {
            Some(calls) => desk.log().waiting.push((calls, step.what.clone())),
            None => act::happen(&desk, &step.what),
        }
    }
    if wrong.is_empty() {
        wrong = end(&desk).await;
        wrong.extend(oracle::quiet::unheard(&desk));
    }
    let story = if wrong.is_empty() {
        Vec::new()
    } else {
        story::tell(&desk)
    };
    let reached = reach::reached(&desk);
    let log = desk.log();
    Played {
        reached,
        wrong,
        story,
        runs: log.runs.len(),
        calls: log.calls.len(),
    }
}

/// Nothing goes wrong any more, every alarm is OK, every zone is well, and the ticks go on: Evac ends
/// what it began, by itself where its owners let it, else when a person says so.
async fn end(desk: &Desk) -> Vec<String> {
    calm_down(desk);
    let arrives = desk.place.region.state().events.last_arrival();
    let late = arrives.map_or(0, |at| {
        let wait = at.duration_since(desk.place.region.now()).as_secs().max(0);
        u32::try_from(wait).unwrap()
    });
    let tick = desk.setting.tick_minutes * 60;
    // What failed last is tried again after one minute and after two.
    pass(desk, late + tick + 240).await;
    let mut wrong = oracle::look(desk);
    let waits = oracle::end::ends_by_itself(desk).filter(|_| is_proven(desk));
    if let Some(minutes) = waits
        && wrong.is_empty()
        && !oracle::end::left(desk).is_empty()
    {
        // Capacity may have to return on trial, and the zone has to be seen to be well with it.
        let stable = desk.setting.stable_for_minutes * 60;
        pass(desk, minutes * 60 + 2 * stable + 300 + 5 * tick).await;
        wrong = oracle::look(desk);
        let sound = oracle::end::damaged(desk).is_empty();
        if wrong.is_empty() && desk.setting.automatic && sound {
            return told_of(oracle::end::left(desk), "by itself");
        }
        let left = !oracle::end::left(desk).is_empty();
        // Where the groups are pruned nothing in the zone answers a canary, and a trial is for Evac's own
        // return only.
        let by_hand = !desk.setting.automatic && desk.setting.mode == "shift";
        if wrong.is_empty() && left && by_hand && !oracle::end::told_well(desk) {
            return vec!["nobody was told that the zone is well".to_owned()];
        }
    }
    for _ in 0..3 {
        if !wrong.is_empty() || oracle::end::left(desk).is_empty() {
            return wrong;
        }
        let command = json!({"action": "fail-back", "reason": "all is well"});
        act::happen(desk, &What::Command { command });
        pass(desk, 2 * tick + 200).await;
        wrong = oracle::look(desk);
        for (group, told) in oracle::end::damaged(desk) {
            if !told {
                wrong.push(format!(
                    "nobody was told that the record of group {group} is damaged"
                ));
            }
            // A person does what the message says.
            act::happen(desk, &What::PutBack { group: Some(group) });
            let which = Tags::All;
            act::happen(desk, &What::DeleteTags { group, which });
        }
    }
    wrong.extend(told_of(oracle::end::left(desk), "by command"));
    wrong
}

fn told_of(left: Vec<String>, how: &str) -> Vec<String> {
    let left = left.into_iter();
    left.map(|what| format!("not ended {how}: {what}"))
        .collect()
}

/// Whether Evac can tell that a zone is well.
fn is_proven(desk: &Desk) -> bool {
    // With a clock that is minutes fast the newest counts are never there: nothing is proven then.
    let on_time = desk.setting.skew[0].abs() <= 60;
    desk.setting.canary && desk.setting.mode != "observe" && on_time
}

fn calm_down(desk: &Desk) {
    let region = &desk.place.region;
    let faults: Vec<RegionFault> = {
        let mut log = desk.log();
        log.waiting.clear();
        let begun = log.deeds.iter().filter_map(|deed| match &deed.what {
            What::Fault { fault, .. } => fault.parse().ok(),
            _ => None,
        });
        begun.collect()
    };
    for fault in &faults {
        region.end_fault(fault);
    }
    region.clear_faults();
    region.state().events.clear_faults();
    let zones = 0..desk.setting.zones;
    for zone in zones.map(Some).chain([None]) {
        act::happen(desk, &What::Alarm { zone, on: false });
        if let Some(zone) = zone {
            let health = Health::Well;
            act::happen(desk, &What::Health { zone, health });
            let begins = false;
            act::happen(desk, &What::Autoshift { zone, begins });
        }
    }
    let whose = Whose::Peoples;
    act::happen(desk, &What::PersonCancels { whose });
}

/// Lets so many seconds pass; what is counted in a minute is written at its end.
pub(crate) async fn pass(desk: &Desk, seconds: u32) {
    let region = &desk.place.region;
    let target = region.now() + SignedDuration::from_secs(seconds.into());
    let counts = desk.setting.canary || desk.setting.evidence;
    loop {
        let now = region.now();
        if now >= target {
            return;
        }
        let minute_ends = SignedDuration::from_secs(60 - now.as_second().rem_euclid(60));
        let left = target.duration_since(now);
        region
            .advance(if counts { left.min(minute_ends) } else { left })
            .await;
        if counts {
            let mut log = desk.log();
            let lying = desk.variant == Variant::FailBackOnSilence;
            log.truth.count(&desk.place, &desk.setting, lying);
        }
    }
}
