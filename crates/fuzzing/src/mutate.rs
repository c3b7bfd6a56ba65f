//! Changes to inputs that a reader may take for sense.
//!
//! A byte changed at random makes most JSON no JSON, and its reader never gets further than that. So where
//! an input has a line of JSON, as nearly all have, its values are changed as values: taken out, put in
//! twice, exchanged, replaced by what is at the edge of a type. What is no JSON is changed byte by byte.

use fastrand::Rng;
use jiff::Timestamp;
use serde_json::{Map, Number, Value};

/// Texts that mean something to one reader or another.
const WORDS: &[&str] = &[
    "",
    " ",
    "\u{0}",
    "\u{feff}",
    "é",
    "💥",
    "use1-az1",
    "use1-az2",
    "us-east-1a",
    "6h",
    "72h",
    "1m",
    "15m",
    "4294967296h",
    "observe",
    "evacuate",
    "fail-back",
    "hold",
    "act",
    "ALARM",
    "OK",
    "INSUFFICIENT_DATA",
    "customer",
    "autoshift",
    "wildrydes/use1-az1/20261124T092000Z",
    "wildrydes/use1-az1/20261124T092000Z drill",
    "evac: wildrydes/use1-az1/20261124T092000Z evacuate",
    "subnet-0a1b2c3d4e5f60718",
    "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188",
    "111122223333",
    "2026-01-15T03:00:00Z",
    "2026-01-15T03:00:00.000+0000",
    "$.detail",
    "<aws.events.event.json>",
    "*",
    "/",
    "%00",
    "18446744073709551616",
    "-1",
    "1e400",
    "NaN",
];

/// The first and the last moments that there are, and those at which a year gets another number of digits.
const TIMES: &[&str] = &[
    "-009999-01-02T01:59:59Z",
    "-000001-12-31T23:59:59Z",
    "0000-01-01T00:00:00Z",
    "0999-12-31T23:59:59.999999999Z",
    "1970-01-01T00:00:00.000+0000",
    "2026-01-15T02:59:00Z",
    "2026-01-15T03:01:00Z",
    "9999-12-30T22:00:00.999999999Z",
];

/// What stands between the words of the grammars, and their words.
const TOKENS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "\\",
    ",",
    ":",
    "=",
    "&",
    "%",
    "+",
    "-",
    "*",
    "/",
    "<",
    ">",
    "!",
    "|",
    "\n",
    "\n\n",
    "\n%%\n",
    " AND ",
    " OR ",
    "NOT ",
    "ALARM(a)",
    "OK(b)",
    "TRUE",
    "FALSE",
    "SEARCH(",
    "METRICS()",
    "FILL(m1, 0)",
    "IF(m1, 1, 0)",
    "SUM(METRICS())",
    "e0",
    "m2",
    "SUM",
    ".member.1",
    ".member.999",
    "Action=",
    "wait 60",
    "null",
    "true",
    "0",
    "1",
    "-0",
    "1e308",
    "0.1",
    "99999999999",
    "\u{0}",
    "\u{7f}",
];

/// The input with a few changes. `other` is another input, which parts are taken from.
#[must_use]
pub fn change(draw: &mut Rng, input: &[u8], other: &[u8]) -> Vec<u8> {
    let mut changed = input.to_vec();
    for _ in 0..=draw.u8(0..3) {
        changed = once(draw, &changed, other);
    }
    changed
}

fn once(draw: &mut Rng, input: &[u8], other: &[u8]) -> Vec<u8> {
    if draw.u8(0..4) > 0
        && let Some(changed) = change_json(draw, input, other)
    {
        return changed;
    }
    change_bytes(draw, input.to_vec(), other)
}

/// Changes the whole if it is JSON, or else one line of it that is; nothing where none is.
fn change_json(draw: &mut Rng, input: &[u8], other: &[u8]) -> Option<Vec<u8>> {
    let others: Vec<Value> = json_lines(other)
        .into_iter()
        .map(|(_, value)| value)
        .collect();
    if let Ok(mut value) = serde_json::from_slice::<Value>(input) {
        change_value(draw, &mut value, &others);
        return serde_json::to_vec(&value).ok();
    }
    let mut found = json_lines(input);
    if found.is_empty() {
        return None;
    }
    let (place, mut value) = found.swap_remove(draw.usize(..found.len()));
    change_value(draw, &mut value, &others);
    let changed = serde_json::to_vec(&value).ok()?;
    Some([&input[..place.start], &changed, &input[place.end..]].concat())
}

/// The lines that are an object or an array, with their places.
fn json_lines(input: &[u8]) -> Vec<(std::ops::Range<usize>, Value)> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in input.split(|byte| *byte == b'\n') {
        let end = start + line.len();
        if matches!(line.first(), Some(b'{' | b'['))
            && let Ok(value) = serde_json::from_slice(line)
        {
            found.push((start..end, value));
        }
        start = end + 1;
    }
    found
}

fn change_value(draw: &mut Rng, root: &mut Value, others: &[Value]) {
    let taken = match draw.choice(others) {
        Some(other) if draw.bool() => pick(draw, other).clone(),
        _ => pick(draw, root).clone(),
    };
    let place = pick_mut(draw, root);
    match place {
        Value::Object(members) if draw.u8(0..3) > 0 => change_members(draw, members, taken),
        Value::Array(items) if draw.u8(0..3) > 0 => change_items(draw, items, taken),
        Value::String(text) if draw.bool() => change_text(draw, text),
        Value::Number(number) if draw.bool() => *number = near(draw, number),
        place => {
            *place = match draw.u8(0..4) {
                0 => taken,
                1 => Value::Array(vec![place.take()]),
                _ => edge(draw),
            }
        }
    }
}

fn change_members(draw: &mut Rng, members: &mut Map<String, Value>, taken: Value) {
    let key = draw.choice(members.keys()).cloned();
    match (draw.u8(0..5), key) {
        (0, Some(key)) => {
            members.remove(&key);
        }
        (1, Some(key)) => {
            let mut other = key.clone();
            change_text(draw, &mut other);
            if let Some(value) = members.remove(&key) {
                members.insert(other, value);
            }
        }
        (2, Some(key)) => {
            members.insert(key, taken);
        }
        (3, Some(key)) => {
            let word = draw.choice(WORDS).copied().unwrap_or_default();
            let value = members.get(&key).cloned().unwrap_or_default();
            members.insert(word.to_owned(), value);
        }
        _ => {
            if let Value::Object(others) = taken {
                members.extend(others);
            } else {
                members.insert(String::new(), taken);
            }
        }
    }
}

fn change_items(draw: &mut Rng, items: &mut Vec<Value>, taken: Value) {
    let place = draw.usize(..=items.len());
    match draw.u8(0..4) {
        0 if place < items.len() => {
            items.remove(place);
        }
        1 if place < items.len() => items.insert(place, items[place].clone()),
        2 => items.reverse(),
        _ => items.insert(place, taken),
    }
}

fn change_text(draw: &mut Rng, text: &mut String) {
    if draw.u8(0..3) > 0 && text.parse::<Timestamp>().is_ok() {
        draw.choice(TIMES)
            .copied()
            .unwrap_or_default()
            .clone_into(text);
        return;
    }
    let places: Vec<usize> = text
        .char_indices()
        .map(|(place, _)| place)
        .chain([text.len()])
        .collect();
    let mut any = || draw.choice(&places).copied().unwrap_or_default();
    let (from, to) = (any(), any());
    let range = from.min(to)..from.max(to);
    match draw.u8(0..5) {
        0 => text.truncate(from),
        1 => text.replace_range(range, ""),
        2 => {
            let again = text[range].to_owned();
            text.insert_str(from, &again);
        }
        3 => text.insert_str(from, draw.choice(TOKENS).copied().unwrap_or_default()),
        _ => text.insert_str(from, draw.choice(WORDS).copied().unwrap_or_default()),
    }
}

/// A number beside this one, or at the edge of a type.
fn near(draw: &mut Rng, number: &Number) -> Number {
    if let Some(whole) = number.as_i64() {
        return match draw.u8(0..5) {
            0 => whole.wrapping_add(1).into(),
            1 => whole.wrapping_sub(1).into(),
            2 => whole.wrapping_neg().into(),
            3 => whole.saturating_mul(1_000).into(),
            _ => draw.i64(..).into(),
        };
    }
    let value = number.as_f64().unwrap_or_default();
    let near = [value / 2.0, -value, value * 1e9, value + 1.0, value.trunc()];
    let near = draw.choice(near).unwrap_or_default();
    Number::from_f64(near).unwrap_or_else(|| 0.into())
}

/// What is at the edge of a type.
fn edge(draw: &mut Rng) -> Value {
    let numbers = [0, 1, -1, 20, 60, 61, 255, 256, 65_536, i64::MAX, i64::MIN];
    match draw.u8(0..9) {
        0 => Value::Null,
        1 => Value::Bool(draw.bool()),
        2 => draw.choice(numbers).into(),
        3 => u64::MAX.into(),
        4 => draw
            .choice([0.5, 1e308, -1e-308, 1.0, 0.999_999, 1e15])
            .into(),
        5 => Value::Array(Vec::new()),
        6 => Value::Object(Map::new()),
        7 => "x"
            .repeat(
                draw.choice([63, 64, 100, 128, 256, 1025])
                    .unwrap_or_default(),
            )
            .into(),
        _ => draw.choice(WORDS).copied().into(),
    }
}

fn pick<'a>(draw: &mut Rng, root: &'a Value) -> &'a Value {
    let mut here = root;
    while draw.u8(0..6) > 0 {
        let inside = match here {
            Value::Object(members) => draw.choice(members.values()),
            Value::Array(items) => draw.choice(items),
            _ => None,
        };
        match inside {
            Some(inside) => here = inside,
            None => break,
        }
    }
    here
}

fn pick_mut<'a>(draw: &mut Rng, root: &'a mut Value) -> &'a mut Value {
    let is_leaf = match &*root {
        Value::Object(members) => members.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    };
    if is_leaf || draw.u8(0..6) == 0 {
        return root;
    }
    match root {
        Value::Object(members) => {
            let place = draw.usize(..members.len());
            let inside = members.values_mut().nth(place);
            pick_mut(draw, inside.expect("it is below the number of members"))
        }
        Value::Array(items) => {
            let place = draw.usize(..items.len());
            pick_mut(draw, &mut items[place])
        }
        leaf => leaf,
    }
}

fn change_bytes(draw: &mut Rng, mut bytes: Vec<u8>, other: &[u8]) -> Vec<u8> {
    let range = part(draw, bytes.len());
    match draw.u8(0..7) {
        0 => {
            bytes.drain(range);
        }
        1 => {
            let again = bytes[range.clone()].to_vec();
            bytes.splice(range.start..range.start, again);
        }
        2 => {
            let from = part(draw, other.len());
            bytes.splice(range, other[from].iter().copied());
        }
        3 => {
            let token = draw.choice(TOKENS).copied().unwrap_or_default();
            bytes.splice(range.start..range.start, token.bytes());
        }
        4 => {
            let word = draw.choice(WORDS).copied().unwrap_or_default();
            bytes.splice(range, word.bytes());
        }
        5 => {
            if let Some(byte) = bytes.get_mut(range.start) {
                *byte ^= 1 << draw.u8(0..8);
            }
        }
        _ => {
            if let Some(byte) = bytes.get_mut(range.start) {
                *byte = draw.u8(..);
            }
        }
    }
    bytes
}

/// A part, more often a short one than a long one.
fn part(draw: &mut Rng, length: usize) -> std::ops::Range<usize> {
    let start = draw.usize(..=length);
    let most = length - start;
    let most = if draw.u8(0..4) > 0 { most.min(8) } else { most };
    start..start + draw.usize(..=most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_json_more_often_than_not() {
        let mut draw = Rng::with_seed(1);
        let input = br#"{"zones": {"use1-az1": {"minutes": [{"requests": 10}, null]}}, "id": "a"}"#;
        let json = (0..1000).filter(|_| {
            let changed = change(&mut draw, input, input);
            serde_json::from_slice::<Value>(&changed).is_ok()
        });
        assert!(json.count() > 400);
    }

    #[test]
    fn a_line_of_json_is_changed_in_its_place() {
        let mut draw = Rng::with_seed(1);
        let input = b"events POST /\n\n{\"Name\": \"a\"}";
        let mut kept = 0;
        for _ in 0..100 {
            let changed = change_json(&mut draw, input, b"").unwrap();
            kept += usize::from(changed.starts_with(b"events POST /\n\n"));
        }
        assert_eq!(kept, 100);
    }

    #[test]
    fn anything_can_be_changed() {
        let mut draw = Rng::with_seed(1);
        for input in [&b""[..], b"\xff", b"[]", b"{}", b"\n", b"[[[]]]", b"null"] {
            for _ in 0..1000 {
                let _ = change(&mut draw, input, b"");
            }
        }
    }
}
