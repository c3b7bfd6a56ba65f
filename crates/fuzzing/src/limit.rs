//! How much memory a reader may take for one input.
//!
//! The sanitizers that could watch allocations need a nightly compiler. An allocator that counts needs
//! none: where a reader asks for more than it may have, the allocator refuses, and the process ends as it
//! does where there is no memory. What is counted is all that Rust code holds at one time beyond what it
//! held before, so a single allocation is within the limit as well.

use std::alloc::System;
use std::panic;
use std::sync::{Mutex, Once, PoisonError};

use cap::Cap;

/// The most that a reader may hold for one input, in bytes.
pub const LARGEST: usize = 64 << 20;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// There is one allocator: tests of one process take turns.
static TURN: Mutex<()> = Mutex::new(());

static TELLS: Once = Once::new();

fn lift() {
    // No limit that is this large is below what is allocated, so it is always set.
    let _ = ALLOCATOR.set_limit(usize::MAX);
}

/// Lifts the limit however the reader ends.
struct Held;

impl Drop for Held {
    fn drop(&mut self) {
        lift();
    }
}

/// Lets a panic tell where it came from: the names of an instrumented binary alone are beyond the limit.
fn let_panics_tell() {
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |told| {
        lift();
        tell(told);
    }));
}

/// Runs this within the limit.
pub fn hold(reader: impl FnOnce()) {
    TELLS.call_once(let_panics_tell);
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let _held = Held;
    let before = ALLOCATOR.allocated();
    ALLOCATOR
        .set_limit(before.saturating_add(LARGEST))
        .expect("the limit is above what is allocated");
    reader();
}
