//! Texts on the wire.

use std::collections::HashMap;

/// A path label or query value, percent-decoded as UTF-8; a plus sign stays one.
pub(crate) fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

/// The parameters of a form or a query string. The codec library decodes byte by byte, which breaks
/// every character beyond ASCII.
pub(crate) fn form(body: &[u8]) -> HashMap<String, String> {
    form_urlencoded::parse(body).into_owned().collect()
}
