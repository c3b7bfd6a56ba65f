//! The plain form of an observation, read in three fifths of the time.
//!
//! Nearly every line is an id and zones with minutes of whole numbers, written by a program, and reading
//! is most of the work. This reads that form and nothing else: no escapes, no fractions, no instances,
//! no policy, no alarms. What is not plain, right or wrong, is left to the careful reader, which alone
//! refuses; and a test holds what is read here against what that one reads.

use std::borrow::Cow;

use domain::judge::{Counts, Minute};
use domain::{ZoneId, ZoneName};

use super::observation::{ORDINARY_MINUTES, Observation};

/// Reads a line in plain form; `None` for any other.
pub(super) fn read(line: &str) -> Option<Observation<'_>> {
    let mut plain = Plain { line, at: 0 };
    let mut id = None;
    let mut zones = None;
    plain.object(|plain, key| match key {
        "id" => once(&mut id, plain.string()?),
        "zones" => once(&mut zones, plain.zones()?),
        _ => None,
    })?;
    plain.is_at_end().then_some(())?;
    Some(Observation::plain(Cow::Borrowed(id?), zones?))
}

/// A line and how far it is read.
struct Plain<'a> {
    line: &'a str,
    at: usize,
}

fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

impl<'a> Plain<'a> {
    /// The next byte that is not a space, without taking it.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.line.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Takes what separates items; whether another item follows.
    fn goes_on(&mut self, end: u8) -> Option<bool> {
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b',' => Some(true),
            _ if byte == end => Some(false),
            _ => None,
        }
    }

    fn string(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let start = self.at;
        loop {
            match *self.line.as_bytes().get(self.at)? {
                b'"' => break,
                b'\\' | 0..0x20 => return None,
                _ => self.at += 1,
            }
        }
        let text = self.line.get(start..self.at)?;
        self.at += 1;
        Some(text)
    }

    /// Calls `field` with each key of an object that is not empty; it takes the value.
    fn object(&mut self, mut field: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.take(b'{')?;
        loop {
            let key = self.string()?;
            self.take(b':')?;
            field(self, key)?;
            if !self.goes_on(b'}')? {
                return Some(());
            }
        }
    }

    fn zones(&mut self) -> Option<Counts> {
        let mut counts = Counts::new();
        let mut names: Vec<&str> = Vec::new();
        self.object(|plain, key| {
            let zone: ZoneId = key.parse().ok()?;
            let mut name = None;
            let mut minutes = None;
            plain.object(|plain, key| match key {
                "name" => once(&mut name, plain.string()?),
                "minutes" => once(&mut minutes, plain.minutes()?),
                _ => None,
            })?;
            let name = name?;
            name.parse::<ZoneName>().ok()?;
            (!names.contains(&name)).then(|| names.push(name))?;
            counts.insert(zone, minutes?).is_none().then_some(())
        })?;
        Some(counts)
    }

    fn minutes(&mut self) -> Option<Vec<Option<Minute>>> {
        self.take(b'[')?;
        let mut minutes = Vec::with_capacity(ORDINARY_MINUTES);
        loop {
            minutes.push(self.minute()?);
            if !self.goes_on(b']')? {
                return Some(minutes);
            }
        }
    }

    #[expect(
        clippy::option_option,
        reason = "a minute that is not plain, and one that is not known"
    )]
    fn minute(&mut self) -> Option<Option<Minute>> {
        if self.peek()? == b'n' {
            let rest = &self.line.as_bytes()[self.at..];
            rest.starts_with(b"null").then(|| self.at += 4)?;
            return Some(None);
        }
        let [mut requests, mut faults, mut slow, mut healthy_hosts] = [None; 4];
        self.object(|plain, key| {
            let place = match key {
                "requests" => &mut requests,
                "faults" => &mut faults,
                "slow" => &mut slow,
                "healthyHosts" => &mut healthy_hosts,
                _ => return None,
            };
            once(place, plain.count()?)
        })?;
        Some(Some(Minute {
            requests: requests?,
            faults: faults?,
            slow: slow?,
            healthy_hosts,
            instances: Vec::new(),
        }))
    }

    /// A whole number without sign, fraction, exponent or leading zeros. A fraction or an exponent is no
    /// separator, and so not plain.
    fn count(&mut self) -> Option<u64> {
        let first = self.peek()?.wrapping_sub(b'0');
        (first <= 9).then_some(())?;
        self.at += 1;
        let mut count = u64::from(first);
        while let Some(byte) = self.line.as_bytes().get(self.at) {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            (first != 0).then_some(())?;
            count = count.checked_mul(10)?.checked_add(digit.into())?;
            self.at += 1;
        }
        Some(count)
    }
}
