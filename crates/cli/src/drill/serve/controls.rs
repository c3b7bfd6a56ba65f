//! The controls of the live view. They are plain forms with labels, so that a keyboard and a screen
//! reader do; what happens is told in a log that is read aloud as it grows.

/// What makes the page follow the drill.
pub(super) const SCRIPT: &str = include_str!("live.js");

const MARKUP: &str = include_str!("controls.html");

/// The services that can be taken down: those that Evac calls.
const SERVICES: [&str; 5] = [
    "arc-zonal-shift",
    "autoscaling",
    "cloudwatch",
    "lambda",
    "sns",
];

/// The controls for a drill in these zones. AZ IDs are letters, digits and dashes, as their type holds.
pub(super) fn markup(zones: &[String]) -> String {
    let options = |names: &mut dyn Iterator<Item = &str>| -> String {
        names
            .map(|name| format!("<option>{name}</option>"))
            .collect()
    };
    let zones = options(&mut zones.iter().map(String::as_str));
    MARKUP
        .replace("{zones}", &zones)
        .replace("{services}", &options(&mut SERVICES.into_iter()))
}
