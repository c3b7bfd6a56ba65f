//! Identifiers that look like those of AWS and are the same in every run.

/// A UUID-shaped identifier of the `number`-th thing of that name.
///
/// AWS draws its event ids at random. Here the same history gives the same ids, so that a transcript
/// of a run can be compared with another one byte by byte.
pub(crate) fn uuid(name: &str, number: u64) -> String {
    let high = hash(0x6a09_e667_f3bc_c908 ^ number, name);
    let low = hash(0xbb67_ae85_84ca_a73b ^ number, name);
    let digits = format!("{high:016x}{low:016x}");
    let mut id = String::with_capacity(36);
    for (index, digit) in digits.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            id.push('-');
        }
        id.push(digit);
    }
    id
}

/// Each byte, and then the length, passes through the finaliser of splitmix64.
fn hash(seed: u64, text: &str) -> u64 {
    let length = text.len() as u64;
    text.bytes()
        .map(u64::from)
        .chain([length])
        .fold(mix(seed), |hash, part| mix(hash ^ part))
}

fn mix(key: u64) -> u64 {
    let key = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ (key >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_shape_of_a_uuid() {
        let id = uuid("alarm", 1);
        let groups: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12]);
        assert!(id.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit()));
    }

    #[test]
    fn the_same_thing_has_the_same_id_and_others_have_others() {
        assert_eq!(uuid("alarm", 1), uuid("alarm", 1));
        assert_ne!(uuid("alarm", 1), uuid("alarm", 2));
        assert_ne!(uuid("alarm", 1), uuid("alarms", 1));
    }
}
