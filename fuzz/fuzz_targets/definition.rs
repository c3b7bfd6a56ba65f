#![no_main]

evac_fuzz::target!(DEFINITION);
