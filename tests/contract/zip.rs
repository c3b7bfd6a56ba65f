//! A zip archive of one file, as `CreateFunction` takes it.

/// An archive with this file in it, stored without compression.
pub(crate) fn of(name: &str, content: &str) -> Vec<u8> {
    let (name, content) = (name.as_bytes(), content.as_bytes());
    // Version, flags, method, time and date (1980-01-01), checksum, sizes, lengths.
    let mut about = Vec::new();
    for short in [20, 0, 0, 0, 0x21] {
        about.extend(u16::to_le_bytes(short));
    }
    // The last one is two shorts: the length of the name, and no extra field.
    for long in [
        checksum(content),
        length(content),
        length(content),
        length(name),
    ] {
        about.extend(long.to_le_bytes());
    }
    let mut archive = [b"PK\x03\x04", about.as_slice(), name, content].concat();
    let directory = u32::try_from(archive.len()).unwrap();
    archive.extend(b"PK\x01\x02\x14\x03");
    archive.extend(&about);
    // No comment, first disk, no attributes but a regular file that all may read, at the start.
    archive.extend([0; 6]);
    archive.extend((0o100_644_u32 << 16).to_le_bytes());
    archive.extend([0; 4]);
    archive.extend(name);
    let size = u32::try_from(archive.len()).unwrap() - directory;
    archive.extend(b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00");
    archive.extend(size.to_le_bytes());
    archive.extend(directory.to_le_bytes());
    archive.extend([0, 0]);
    archive
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap()
}

/// CRC-32, as zip and Ethernet have it.
fn checksum(bytes: &[u8]) -> u32 {
    let mut rest = u32::MAX;
    for byte in bytes {
        rest ^= u32::from(*byte);
        for _ in 0..8 {
            let odd = rest & 1 == 1;
            rest >>= 1;
            if odd {
                rest ^= 0xedb8_8320;
            }
        }
    }
    !rest
}

#[test]
fn the_checksum_is_the_documented_one() {
    assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
}
