//! Taking a resource from ARC.

use domain::ResourceArn;

use super::ZonalShifts;

impl ZonalShifts {
    /// Makes a resource no managed one any more, as disabling zonal shift on it does.
    pub(crate) fn release(&mut self, resource: &ResourceArn) {
        self.resources.remove(resource);
    }
}
