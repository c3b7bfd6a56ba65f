#![no_main]

evac_fuzz::target!(REGION_MATH);
