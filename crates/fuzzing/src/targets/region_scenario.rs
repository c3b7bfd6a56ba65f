//! Scenario files: read, and the Region set up for what was read.

use jiff::SignedDuration;
use region::scenario::Scenario;
use region::stage::Stage;

/// Setting a Region up costs as much as ten minutes of its time, so only scenarios with something new in
/// them are worth it.
pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let scenario = match Scenario::read(text) {
        Ok(scenario) => scenario,
        Err(error) => {
            assert!(!error.to_string().is_empty(), "refused for no reason");
            return;
        }
    };
    assert_eq!(scenario.check(), Ok(()));
    if let Ok(stage) = Stage::set(&scenario, 1) {
        assert!(stage.begin < stage.end);
        // The tick comes each minute; there are no functions, so nothing is due.
        let due = stage
            .region
            .step_until(stage.begin + SignedDuration::from_secs(60));
        assert!(due.is_empty());
    }
}
