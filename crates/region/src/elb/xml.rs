//! Answers in the XML of the awsQuery protocol.

use winterbaume_core::{MockResponse, xml_escape};

const NAMESPACE: &str = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";

/// An answer that is being written.
#[derive(Debug, Default)]
pub(super) struct Xml(String);

impl Xml {
    /// An element with a text.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.0
            .push_str(&format!("<{name}>{}</{name}>", xml_escape(text)));
    }

    /// An element with elements.
    pub(super) fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.0.push_str(&format!("<{name}>"));
        content(self);
        self.0.push_str(&format!("</{name}>"));
    }

    /// A list of structures. One without items is an empty element, which clients read as an empty
    /// list.
    pub(super) fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        item: impl Fn(&mut Self, T),
    ) {
        self.element(name, |xml| {
            for one in items {
                xml.element("member", |xml| item(xml, one));
            }
        });
    }

    /// The answer of an operation.
    pub(super) fn answer(operation: &str, result: impl FnOnce(&mut Self)) -> MockResponse {
        let mut xml = Self::default();
        let response = format!("{operation}Response");
        xml.0
            .push_str(&format!("<{response} xmlns=\"{NAMESPACE}\">"));
        xml.element(&format!("{operation}Result"), result);
        xml.element("ResponseMetadata", |xml| {
            xml.text("RequestId", "00000000-0000-4000-8000-000000000000");
        });
        xml.0.push_str(&format!("</{response}>"));
        MockResponse::xml(200, xml.0)
    }
}
