//! A Region for tests of a single service through its door.

use std::sync::Arc;

use crate::region::Region;
use crate::scenario;
use crate::stage::Stage;

/// A Region in peace, with no function and no rule.
pub(crate) fn region() -> Arc<Region> {
    Stage::set(&scenario::healthy().unwrap(), 1).unwrap().region
}
