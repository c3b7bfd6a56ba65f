//! What happens in a history, done to the Region.

use jiff::SignedDuration;
use region::arc::{Kind, StartInput};
use region::autoscaling::{TagParameter, UpdateGroup};
use region::cloudwatch::StateValue;
use region::error::ServiceError;
use region::fault::spec::RegionFault;
use region::stage::CLASSIFIER;
use region::state::State;
use serde_json::json;

use domain::incident::Marker;
use domain::prune::Record;

use crate::place::Place;
use crate::seam::{Deed, Desk};
use crate::transcript::{Tags, What, Whose};

/// Does it, and notes it. What the Region refuses, or what there is nothing to do about, has no
/// effect: somebody tried in vain.
pub(crate) fn happen(desk: &Desk, what: &What) {
    let before = desk.mark();
    let done = perform(desk, what).is_ok();
    desk.place.region.state().note_changes(None);
    let took_over = match what {
        What::DeleteTags { group, .. } if done => {
            let group = desk.place.group(*group);
            let state = desk.place.region.state();
            let view = state.auto_scaling.group(group);
            let gone = view.is_some_and(|group| Record::keys_in(group.tags).is_empty());
            gone.then(|| group.to_owned())
        }
        _ => None,
    };
    desk.log().deeds.push(Deed {
        mark: before,
        what: what.clone(),
        done,
        took_over,
    });
}

fn perform(desk: &Desk, what: &What) -> Result<(), ServiceError> {
    let place = &desk.place;
    let region = &place.region;
    let now = region.now();
    match what {
        What::Alarm { zone, on } => {
            let value = if *on {
                StateValue::Alarm
            } else {
                StateValue::Ok
            };
            let mut state = region.state();
            let name = place.alarm(*zone);
            let alarm = state.cloudwatch.alarm(&name).ok_or_else(nothing)?;
            if alarm.state().value == value {
                return Err(nothing());
            }
            (state.cloudwatch).set_alarm_state(&name, value, "a history", None, now)
        }
        What::Health { zone, health } => {
            desk.log()
                .truth
                .becomes(place.zone_number(*zone), *health, now);
            Ok(())
        }
        What::Fault { fault, lasts } => {
            let fault: RegionFault = fault.parse().unwrap_or_else(|error| panic!("{error}"));
            let until = now + SignedDuration::from_secs((*lasts).into());
            region.begin_fault(&fault, Some(until));
            Ok(())
        }
        What::Command { command } => {
            let mut command = command.clone();
            if command.get("at").is_some() {
                command["at"] = json!(now);
            }
            let payload = place.command(&command);
            region.state().lambda.enqueue(CLASSIFIER, payload, now);
            Ok(())
        }
        What::Again { event } => {
            let events = &desk.log().events;
            let Some(payload) = events.get(*event as usize % events.len().max(1)) else {
                return Err(nothing());
            };
            region
                .state()
                .lambda
                .enqueue(CLASSIFIER, payload.clone(), now);
            Ok(())
        }
        What::PersonShifts { zone, resource } => {
            let mut state = region.state();
            let all = place.resources.iter().enumerate();
            let chosen = all.filter(|(number, _)| {
                resource.is_none_or(|chosen| usize::from(chosen) % place.resources.len() == *number)
            });
            let mut done = Err(nothing());
            for (_, arn) in chosen {
                let input = StartInput {
                    resource: arn.as_str(),
                    away_from: place.zone(*zone).as_str(),
                    expires_in: "2h",
                    comment: "Jane, by hand",
                };
                done = state.arc.start(&input, now).map(drop).or(done);
            }
            done
        }
        What::PersonCancels { whose } => cancel(place, &mut region.state(), *whose),
        What::Remove { group, zone } => change(place, *group, |subnets| {
            let of_zone = &place.subnets[place.zone_number(*zone)];
            subnets.retain(|subnet| !of_zone.iter().any(|of| of.as_str() == subnet));
        }),
        What::Add { group, zone } => change(place, *group, |subnets| {
            let added = match zone {
                Some(zone) => place.subnets[place.zone_number(*zone)].clone(),
                None => vec![place.unlisted.clone()],
            };
            for subnet in added.iter().map(ToString::to_string) {
                if !subnets.contains(&subnet) {
                    subnets.push(subnet);
                }
            }
        }),
        What::PutBack { group } => {
            let groups = 0..u8::try_from(place.groups.len()).unwrap();
            let chosen = groups.filter(|number| group.is_none_or(|chosen| chosen == *number));
            let mut done = Err(nothing());
            for number in chosen {
                let put_back = change(place, number, |subnets| {
                    *subnets = place
                        .subnets
                        .iter()
                        .flatten()
                        .map(ToString::to_string)
                        .collect();
                });
                done = put_back.or(done);
            }
            done
        }
        What::DeleteTags { group, which } => {
            let group = place.group(*group);
            let mut state = region.state();
            let view = state.auto_scaling.group(group).ok_or_else(nothing)?;
            let keys = Record::keys_in(view.tags);
            let tags: Vec<TagParameter> = keys
                .into_iter()
                .filter(|key| match which {
                    Tags::All => true,
                    Tags::Incident => key == "evac:pruned",
                    Tags::Removed => key != "evac:pruned",
                })
                .map(|key| TagParameter {
                    group: Some(group.to_owned()),
                    resource_type: Some("auto-scaling-group".to_owned()),
                    key,
                    ..TagParameter::default()
                })
                .collect();
            if tags.is_empty() {
                return Err(nothing());
            }
            state.auto_scaling.delete_tags(&tags)
        }
        What::DeleteGroup { group, at_once } => {
            let group = place.group(*group);
            let mut state = region.state();
            if *at_once {
                state.auto_scaling.delete(group)
            } else {
                state.auto_scaling.begin_delete(group)
            }
        }
        What::Autoshift { zone, begins } => {
            let zone = place.zone(*zone);
            let mut state = region.state();
            if *begins {
                state.arc.start_autoshift(zone, now);
            } else {
                state.arc.end_autoshift(zone, now);
            }
            Ok(())
        }
    }
}

fn cancel(place: &Place, state: &mut State, whose: Whose) -> Result<(), ServiceError> {
    let now = state.now();
    let views = state.arc.all_resources();
    let active: Vec<String> = views
        .flat_map(|view| view.shifts.into_iter().chain(view.autoshifts))
        .filter(|shift| {
            let evacs = Marker::from_comment(&shift.comment).is_some();
            match whose {
                Whose::All => true,
                Whose::Evacs => evacs,
                Whose::EvacsLead => evacs && shift.resource == place.resources[0],
                Whose::Peoples => !evacs && shift.kind == Kind::Customer,
            }
        })
        .map(|shift| shift.id.clone())
        .collect();
    let mut done = Err(nothing());
    for id in active {
        done = state.arc.cancel(&id, now).map(drop).or(done);
    }
    done
}

/// A person gives a group other subnets than it has.
fn change(
    place: &Place,
    group: u8,
    change: impl FnOnce(&mut Vec<String>),
) -> Result<(), ServiceError> {
    let name = place.group(group);
    let mut state = place.region.state();
    let now = state.now();
    let view = state.auto_scaling.group(name).ok_or_else(nothing)?;
    let before: Vec<String> = view.subnets.iter().map(ToString::to_string).collect();
    let mut after = before.clone();
    change(&mut after);
    if after.is_empty() || after == before {
        return Err(nothing());
    }
    let update = UpdateGroup {
        group: name.to_owned(),
        subnets: Some(after.join(",")),
        ..UpdateGroup::default()
    };
    (state.auto_scaling).update_auto_scaling_group(&update, now)
}

fn nothing() -> ServiceError {
    ServiceError::new(400, "NothingToDo", "there is nothing to do")
}
