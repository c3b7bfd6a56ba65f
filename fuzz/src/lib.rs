//! How libFuzzer gets at a target of crates/fuzzing, and changes its inputs.

use fastrand::Rng;

#[doc(hidden)]
pub use {fuzzing, libfuzzer_sys};

/// The whole of a target's binary.
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        use $crate::{fuzzing, libfuzzer_sys};

        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzing::$name.feed(bytes));
        libfuzzer_sys::fuzz_mutator!(|bytes: &mut [u8], size: usize, most: usize, seed: u32| {
            $crate::mutate(bytes, size, most, seed)
        });
        libfuzzer_sys::fuzz_crossover!(|one: &[u8], other: &[u8], out: &mut [u8], seed: u32| {
            $crate::cross(one, other, out, seed)
        });
    };
}

/// Changes the first `size` bytes in place, to `most` at the most; how many there are then. One half is
/// libFuzzer's own changes, which know what the coverage has seen compared.
pub fn mutate(bytes: &mut [u8], size: usize, most: usize, seed: u32) -> usize {
    let mut draw = Rng::with_seed(seed.into());
    if draw.bool() {
        let changed = fuzzing::mutate::change(&mut draw, &bytes[..size], &[]);
        if changed.len() <= most {
            bytes[..changed.len()].copy_from_slice(&changed);
            return changed.len();
        }
    }
    libfuzzer_sys::fuzzer_mutate(bytes, size, most)
}

/// Makes one input of two; its length.
pub fn cross(one: &[u8], other: &[u8], out: &mut [u8], seed: u32) -> usize {
    let mut draw = Rng::with_seed(seed.into());
    let changed = fuzzing::mutate::change(&mut draw, one, other);
    let length = changed.len().min(out.len());
    out[..length].copy_from_slice(&changed[..length]);
    length
}
