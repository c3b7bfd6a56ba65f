//! zonal-shift
