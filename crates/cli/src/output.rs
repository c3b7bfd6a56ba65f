//! Standard output and standard error, either of which may be closed by whoever reads it; and lines that
//! fit on a terminal.

use std::io::{self, Write};
use std::time::Duration;

use indicatif::ProgressBar;

use textwrap::{WordSeparator, WordSplitter};

/// The columns that a line has at most.
pub(crate) const WIDTH: usize = 100;

/// How often the sign of waiting turns.
const TURN: Duration = Duration::from_millis(120);

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

/// What is waited for, on a terminal that shows standard error, as long as this is kept; nowhere else.
pub(crate) struct Waiting(ProgressBar);

impl Waiting {
    /// Says what is waited for, as soon as it takes longer than a moment.
    pub(crate) fn for_what(what: &str) -> Self {
        let bar = ProgressBar::new_spinner().with_message(what.to_owned());
        bar.enable_steady_tick(TURN);
        Self(bar)
    }

    /// Says what is waited for now.
    pub(crate) fn say(&self, what: &str) {
        self.0.set_message(what.to_owned());
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
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
