//! Histories that once failed, each made small, with what was wrong. They stay.

use histories::play::play;
use histories::transcript::Transcript;
use histories::variant::Variant;

/// Plays a history of the past.
fn keeps(transcript: &str) {
    let played = play(&Transcript::read(transcript), Variant::Sound);
    let story = played.story.join("\n");
    assert_eq!(played.wrong, [""; 0], "{story}");
}

/// Somebody had shifted the lead by hand before the alarm went off, and Evac shifted the other
/// resources and pruned. The next tick took the lead for ended, and failed back although nothing proved
/// the zone well: its alarm was OK because traffic was away.
#[test]
fn regression_a_lead_that_a_person_shifted_first_is_not_an_evacuation_that_ended() {
    keeps(include_str!("regressions/lead-shifted-by-a-person.json"));
}

/// A person deleted the tags that name the subnets, and left the one that names the incident. Restore
/// put back nothing, deleted the rest of the record, and called it restored.
#[test]
fn regression_a_record_whose_subnets_were_deleted_is_damaged_and_not_empty() {
    keeps(include_str!("regressions/record-without-subnets.json"));
}

/// A shift whose zone was on trial was not renewed, and ran out in the middle of it: traffic returned
/// to a zone that nothing had proven well.
#[test]
fn regression_a_shift_is_renewed_while_its_zone_is_on_trial() {
    keeps(include_str!("regressions/trial-longer-than-its-shift.json"));
}

/// A damaged record on a group that was being deleted kept the fail-back of all others from ending.
#[test]
fn regression_a_damaged_record_on_a_group_that_is_going_away_keeps_nobody_waiting() {
    keeps(include_str!(
        "regressions/damaged-record-on-a-deleted-group.json"
    ));
}

/// The capacity of a zone was waited for that instances in a subnet that the workload does not list had
/// taken, and traffic never returned.
#[test]
fn regression_a_subnet_that_is_not_listed_takes_a_share() {
    keeps(include_str!(
        "regressions/unlisted-subnet-takes-a-share.json"
    ));
}

/// A record was damaged on a group that had a subnet which the definition does not list, and people were
/// told of the subnet only: what was missing from the group stayed missing.
#[test]
fn regression_a_damaged_record_is_told_beside_what_else_is_wrong_with_a_group() {
    keeps(include_str!(
        "regressions/damaged-record-beside-an-unlisted-subnet.json"
    ));
}

/// An autoshift kept the lead's traffic away when a drill began. The next tick took the lead for ended,
/// and ended the drill.
#[test]
fn regression_a_drill_beside_an_autoshift_is_ended_by_nobody_but_a_person() {
    keeps(include_str!(
        "regressions/autoshift-holds-the-lead-of-a-drill.json"
    ));
}

/// The judge's error: a subnet that was added a moment before, which a stale reading did not show, was
/// overwritten, and it called that a loss. Auto Scaling knows no condition.
#[test]
fn regression_what_a_stale_read_does_not_show_is_nobodys_loss() {
    keeps(include_str!(
        "regressions/subnet-that-a-stale-read-did-not-show.json"
    ));
}

/// The judge's error: a prune followed a shift that a stale reading still showed, although it had been
/// ended a moment before.
#[test]
fn regression_a_shift_that_a_stale_read_still_shows_is_in_effect_for_all_that_anybody_knows() {
    keeps(include_str!(
        "regressions/shift-that-a-stale-read-still-showed.json"
    ));
}

/// The judge's error: a tick told that an evacuation ends, and was killed before it could end it. Nobody
/// can know both.
#[test]
fn regression_a_run_that_was_killed_between_word_and_deed_is_no_noise() {
    keeps(include_str!(
        "regressions/killed-between-word-and-deed.json"
    ));
}

/// The judge's error, as above, where the end was throttled instead.
#[test]
fn regression_a_run_that_was_throttled_between_word_and_deed_is_no_noise() {
    keeps(include_str!(
        "regressions/throttled-between-word-and-deed.json"
    ));
}

/// The judge's error, as above, where a person ended the shift in between.
#[test]
fn regression_a_person_who_ends_it_between_word_and_deed_makes_no_noise() {
    keeps(include_str!(
        "regressions/cancelled-between-word-and-deed.json"
    ));
}

/// The judge's error: a person put a zone back, a stale reading did not show it, and a prune of another
/// zone overwrote it, which Auto Scaling lets nobody prevent. Then two zones are lost, and not one.
#[test]
fn regression_a_zone_whose_return_a_stale_read_does_not_show_is_nobodys_loss() {
    keeps(include_str!(
        "regressions/zone-put-back-that-a-stale-read-did-not-show.json"
    ));
}

/// A person ended all shifts while a tick was between two of its calls, and the tick started the lead's
/// again. Every tick after it said that the incident was ended, and left the lead's shift and the prune
/// as they were, until the shift ran out.
#[test]
fn regression_what_a_run_started_again_after_a_persons_end_is_ended_by_the_next() {
    keeps(include_str!(
        "regressions/ended-while-a-run-was-under-way.json"
    ));
}
