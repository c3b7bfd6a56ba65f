//! How large the functions are: the executables, and packed as Lambda takes them.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::setting::FUNCTIONS;

/// What `scripts/package` packs with.
const LEVEL: u32 = 6;

/// A function's size, in bytes.
#[derive(Debug, Clone)]
pub struct Size {
    /// The function.
    pub function: &'static str,
    /// The executable.
    pub executable: usize,
    /// What its zip holds; the zip itself has some hundred bytes more.
    pub packed: usize,
}

/// Measures the functions in a directory.
///
/// # Errors
/// Where one is not there.
pub fn measure(directory: &Path) -> anyhow::Result<Vec<Size>> {
    let of = |function: &'static str| {
        let path = directory.join(function);
        let bytes = std::fs::read(&path)
            .with_context(|| format!("{}: cannot be read; make bench builds it", path.display()))?;
        let mut packed = DeflateEncoder::new(Vec::new(), Compression::new(LEVEL));
        packed.write_all(&bytes)?;
        Ok(Size {
            function,
            executable: bytes.len(),
            packed: packed.finish()?.len(),
        })
    };
    FUNCTIONS.into_iter().map(of).collect()
}
