//! Standard output and standard error, either of which may be closed by whoever reads it; and lines that
//! fit on a terminal.

use std::io::{self, Write};

use textwrap::{WordSeparator, WordSplitter};

/// The columns that a line has at most.
pub(crate) const WIDTH: usize = 100;

/// Writes lines to standard output. Colours are left out where it is no terminal, and as `NO_COLOR` and
/// its like say.
///
/// # Errors
/// Where it is closed; nobody listens any more then.
pub(crate) fn tell(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Writes lines to standard error, if anybody listens there.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether an error is no more than that nobody listens to standard output any more.
pub(crate) fn is_unheard(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// A text in lines of at most so many columns. A name is broken only where it is longer than a line.
pub(crate) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let options = textwrap::Options::new(columns.max(20))
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    let lines = textwrap::wrap(text, options);
    lines
        .into_iter()
        .map(std::borrow::Cow::into_owned)
        .collect()
}
