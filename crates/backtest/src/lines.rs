//! Observations, one a line, to verdicts, one a line.
//!
//! A line that is no observation is answered in its place by a line that says so, and the rest is
//! judged: a file of a year's incidents is not given up for one of them. Empty lines are passed over.
//! Nothing is guessed: unknown fields, a zone that stands twice, or an alarm of a zone that is not there
//! are refused, because a policy would be judged by what nobody meant.

mod observation;
mod plain;
mod verdict;

#[cfg(test)]
mod schema;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

pub use observation::read;
pub use verdict::write;

use domain::judge::classify;

/// The longest line in bytes. An hour of twenty zones with a hundred instances each is a tenth of it;
/// what is longer is a file without line ends, which would fill the memory.
pub const LONGEST_LINE: usize = 64 << 20;

/// Bytes that are read and written at once.
const CHUNK: usize = 1 << 16;

/// Judges every line of `input`, and writes a line for each to `out`; whether each was an observation.
///
/// What is judged is written before more is waited for, so that it can follow a growing file.
///
/// # Errors
/// Where `input` cannot be read or `out` cannot be written.
pub fn judge_lines(input: impl Read, out: impl Write) -> io::Result<bool> {
    judge_lines_up_to(LONGEST_LINE, input, out)
}

fn judge_lines_up_to(longest: usize, input: impl Read, out: impl Write) -> io::Result<bool> {
    let mut input = BufReader::with_capacity(CHUNK, input);
    let mut out = BufWriter::with_capacity(CHUNK, out);
    let mut line = Vec::new();
    let mut answer = Vec::new();
    let mut well_formed = true;
    let mut number = 0;
    loop {
        if !input.buffer().contains(&b'\n') {
            out.flush()?;
        }
        line.clear();
        let limit = longest as u64 + 1;
        if input.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        number += 1;
        let too_long = line.len() > longest && !line.ends_with(b"\n");
        if too_long {
            input.skip_until(b'\n')?;
        }
        let text = content(&line, number);
        if text.trim_ascii().is_empty() && !too_long {
            continue;
        }
        answer.clear();
        let judged = if too_long {
            let message = format!("longer than {longest} bytes, expected one observation a line");
            Err((None, message))
        } else {
            judge(text, &mut answer)
        };
        if let Err((id, error)) = judged {
            well_formed = false;
            answer.clear();
            verdict::refuse(&mut answer, number, id.as_deref(), &error)?;
        }
        answer.push(b'\n');
        out.write_all(&answer)?;
    }
    out.flush()?;
    Ok(well_formed)
}

/// A line without its end, and without the mark that some editors put before the first.
fn content(line: &[u8], number: u64) -> &[u8] {
    let line = line.trim_ascii_end();
    match line.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) if number == 1 => rest,
        _ => line,
    }
}

/// Judges a line into `answer`; or its id, if it has one, and why it is no observation.
fn judge(line: &[u8], answer: &mut Vec<u8>) -> Result<(), (Option<String>, String)> {
    let text = std::str::from_utf8(line).map_err(|error| {
        let column = error.valid_up_to() + 1;
        let message = format!("not UTF-8 (column {column}), expected JSON in UTF-8");
        (None, message)
    })?;
    let (id, case) = read(text).map_err(|error| (observation::id(text), error))?;
    write(answer, &id, &classify(&case)).map_err(|error| (Some(id.into_owned()), error.to_string()))
}
