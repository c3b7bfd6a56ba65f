//! The message for a chat channel: the custom notification that Amazon Q Developer in chat applications
//! shows in Slack and Microsoft Teams.
//!
//! Both programs read marks of their own in a text, so what others wrote is told without any: an alarm's
//! name or an error calls nobody and formats nothing.
//!
//! Source: Amazon Q Developer in chat applications, administrator guide, "Custom notifications".

use std::collections::BTreeMap;

use serde::Serialize;

use super::text::Parts;
use crate::incident::IncidentId;

/// Characters of a title that are shown.
const LONGEST_TITLE: usize = 250;
/// Characters of a description that are shown.
const LONGEST_DESCRIPTION: usize = 8_000;
/// Characters of a next step that are shown.
const LONGEST_STEP: usize = 350;

#[derive(Serialize)]
struct Custom<'a> {
    version: &'static str,
    source: &'static str,
    content: Content,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    text_type: &'static str,
    title: String,
    description: String,
    next_steps: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    /// Messages of one thread stand below the first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_id: Option<&'a IncidentId>,
    summary: String,
    additional_context: &'a BTreeMap<String, String>,
}

/// The notification, as JSON. The messages of an incident form a thread; one that belongs to no incident
/// stands alone.
pub(super) fn chat(
    subject: &str,
    parts: &Parts,
    incident: Option<&IncidentId>,
    attributes: &BTreeMap<String, String>,
) -> String {
    let subject = plain(subject);
    let mut description = plain(&parts.lead());
    if !parts.details.is_empty() {
        description = format!("{description}\n\n{}", plain(&parts.details.join("\n")));
    }
    let commands = parts.commands.join("\n");
    if !commands.is_empty() {
        let room = LONGEST_DESCRIPTION.saturating_sub(commands.chars().count() + 20);
        description = format!(
            "{}\n\n```\n{}\n```",
            cut(&description, room),
            plain(&commands)
        );
    }
    let custom = Custom {
        version: "1.0",
        source: "custom",
        content: Content {
            text_type: "client-markdown",
            title: cut(&subject, LONGEST_TITLE),
            description: cut(&description, LONGEST_DESCRIPTION),
            next_steps: vec![cut(&sentence(&parts.to_do), LONGEST_STEP)],
        },
        metadata: Metadata {
            thread_id: incident,
            summary: subject,
            additional_context: attributes,
        },
    };
    serde_json::to_string(&custom).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
}

/// With a capital letter, as a step of a list.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    first + letters.as_str()
}

/// Without what Slack or Teams take for a mark. Underscores stay: they are in names, and within a word
/// neither takes them for one.
fn plain(text: &str) -> String {
    let letter = |c| match c {
        '<' => '‹',
        '>' => '›',
        '`' => '\'',
        '*' => '∗',
        '~' => '∼',
        other => other,
    };
    let text: String = text.chars().map(letter).collect();
    // No link, `[text](address)`.
    text.replace("](", "] (")
}

/// The first characters, and a sign where some are left out.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept + "…"
}
