//! What the grammars of metric math and of alarm rules share.
//!
//! Both can be parsed with one character of foresight, so a parser never steps back over what it has
//! accepted, and an error is where the text stops making sense. Nesting is bounded: the text comes
//! from whoever can reach the Region, and must not be able to exhaust the stack.

use winnow::Parser as _;
use winnow::ascii::multispace0;
use winnow::combinator::{eof, opt, peek, preceded};
use winnow::error::{ErrMode, ParserError};
use winnow::stream::{Stateful, Stream};
use winnow::token::{any, take_till, take_while};

/// The deepest nesting that is accepted.
pub(super) const DEEPEST: usize = 48;

/// The rest of the text, and how deep the parser is in it.
pub(super) type Input<'a> = Stateful<&'a str, Depth>;

/// How many parentheses, calls and negations surround the place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Depth(usize);

/// What the parser looked for when it found something else.
#[derive(Debug, Clone)]
pub(super) struct Expected(&'static str);

/// The answer of a parser.
pub(super) type Parsed<T> = Result<T, ErrMode<Expected>>;

impl<I: Stream> ParserError<I> for Expected {
    type Inner = Self;

    fn from_input(_: &I) -> Self {
        Self("an operator or the end")
    }

    fn into_inner(self) -> Result<Self, Self> {
        Ok(self)
    }
}

/// Where a text is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {position}: expected {expected}, found {found}")]
pub struct SyntaxError {
    /// The place, counted in characters from 1.
    pub position: usize,
    /// What would have made sense there.
    pub expected: &'static str,
    /// What is there.
    pub found: String,
}

/// How much of a wrong text an error shows.
const SHOWN: usize = 20;

/// Parses a whole text.
pub(super) fn parse<T>(
    text: &str,
    grammar: fn(&mut Input<'_>) -> Parsed<T>,
) -> Result<T, SyntaxError> {
    let input = Input {
        input: text,
        state: Depth(0),
    };
    let mut whole = |input: &mut Input<'_>| -> Parsed<T> {
        let parsed = grammar(input)?;
        blank(input)?;
        Ok(parsed)
    };
    whole.parse(input).map_err(|error| {
        let (before, rest) = text.split_at(error.offset());
        let shown: String = rest.chars().take(SHOWN).collect();
        SyntaxError {
            position: before.chars().count() + 1,
            expected: error.inner().0,
            found: if shown.is_empty() {
                "the end".to_owned()
            } else {
                format!("\"{shown}\"")
            },
        }
    })
}

fn blank(input: &mut Input<'_>) -> Parsed<()> {
    multispace0.void().parse_next(input)
}

/// Refuses what comes next.
pub(super) fn fail<T>(input: &mut Input<'_>, expected: &'static str) -> Parsed<T> {
    blank(input)?;
    Err(ErrMode::Cut(Expected(expected)))
}

/// Takes a symbol, if it comes next.
pub(super) fn eat(input: &mut Input<'_>, symbol: &'static str) -> Parsed<bool> {
    opt(preceded(multispace0, symbol))
        .map(|found| found.is_some())
        .parse_next(input)
}

/// Takes a symbol that must come next.
pub(super) fn require(
    input: &mut Input<'_>,
    symbol: &'static str,
    expected: &'static str,
) -> Parsed<()> {
    if eat(input, symbol)? {
        Ok(())
    } else {
        fail(input, expected)
    }
}

/// Takes a word of letters, digits and underscores, if one comes next.
pub(super) fn word<'a>(input: &mut Input<'a>) -> Parsed<Option<&'a str>> {
    let word = take_while(1.., |c: char| c.is_ascii_alphanumeric() || c == '_');
    opt(preceded(multispace0, word)).parse_next(input)
}

/// Takes this very word, if it comes next: `OR`, but not the beginning of `ORDERS`.
pub(super) fn keyword(input: &mut Input<'_>, keyword: &'static str) -> Parsed<bool> {
    let start = input.checkpoint();
    let found = word(input)? == Some(keyword);
    if !found {
        input.reset(&start);
    }
    Ok(found)
}

/// The next character that is not blank, left where it is.
pub(super) fn look(input: &mut Input<'_>) -> Parsed<Option<char>> {
    blank(input)?;
    opt(peek(any)).parse_next(input)
}

/// Takes a text in single or double quotes, if one comes next. Neither grammar has an escape.
pub(super) fn quoted<'a>(input: &mut Input<'a>) -> Parsed<Option<&'a str>> {
    let Some(quote @ ('"' | '\'')) = look(input)? else {
        return Ok(None);
    };
    any.parse_next(input)?;
    let text = take_till(0.., quote).parse_next(input)?;
    if opt(eof).parse_next(input)?.is_some() {
        return fail(input, "the closing quote");
    }
    any.parse_next(input)?;
    Ok(Some(text))
}

/// Goes one level deeper.
pub(super) fn nested<'a, T>(
    input: &mut Input<'a>,
    parser: impl FnOnce(&mut Input<'a>) -> Parsed<T>,
) -> Parsed<T> {
    if input.state.0 == DEEPEST {
        return fail(input, "at most 48 levels of nesting");
    }
    input.state.0 += 1;
    let parsed = parser(input)?;
    input.state.0 -= 1;
    Ok(parsed)
}
