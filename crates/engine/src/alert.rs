//! What a [`Finding`] says, in Falco's two forms: a line of text and a line of JSON, with the same keys, types and order.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value as Json;

use crate::finding::{FieldValue, Finding};
use crate::priority::Priority;

/// How findings are written. The fields are Falco's settings of these names; the default is Falco's.
#[derive(Clone, Debug)]
pub struct AlertFormat {
    /// The name of the host, for JSON.
    pub hostname: String,
    /// Where the clock that text shows hangs. JSON has times in UTC.
    pub time_zone: TimeZone,
    /// Text shows times as `2026-11-22T01:47:18.871212215+0000`, in UTC, and not as `01:47:18.871212215`.
    pub time_format_iso_8601: bool,
    /// JSON has `output`, the text with time and priority.
    pub json_include_output_property: bool,
    /// JSON has `message`, the text alone.
    pub json_include_message_property: bool,
    /// JSON has `tags`.
    pub json_include_tags_property: bool,
    /// JSON has `output_fields`.
    pub json_include_output_fields_property: bool,
}

impl Default for AlertFormat {
    fn default() -> Self {
        AlertFormat {
            hostname: String::new(),
            time_zone: TimeZone::UTC,
            time_format_iso_8601: false,
            json_include_output_property: true,
            json_include_message_property: false,
            json_include_tags_property: true,
            json_include_output_fields_property: true,
        }
    }
}

/// A finding as JSON, or something else that is told in the same form.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alert {
    /// The name of the host.
    pub hostname: String,
    /// The text without time and priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The text with time and priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// The fields' values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_fields: Option<BTreeMap<Arc<str>, FieldValue>>,
    /// The priority's name.
    pub priority: &'static str,
    /// The rule's name.
    pub rule: String,
    /// Where the event came from.
    pub source: String,
    /// The rule's labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// When it happened, in UTC.
    pub time: String,
}

impl Alert {
    /// The line of JSON.
    pub fn to_json(&self) -> String {
        // Maps with text as keys can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// As a value to be changed further.
    pub fn to_value(&self) -> Json {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl AlertFormat {
    /// The line of text: time, priority and message. Control characters and quotes are escaped as in JSON.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use eyrie_engine::{AlertFormat, Finding, Priority, RuleId, RuleInfo};
    /// # let rule = Arc::new(RuleInfo { id: RuleId(0), name: "Shell".into(), desc: String::new(), source: "syscall".into(),
    /// #     priority: Priority::Notice, tags: Default::default(), capture: false, capture_duration: 0 });
    /// let finding = Finding { rule, time: 1_795_312_038_871_212_215, message: "a \"shell\"".into(), fields: vec![] };
    /// assert_eq!(AlertFormat::default().text(&finding), r#"01:47:18.871212215: Notice a \"shell\""#);
    /// ```
    pub fn text(&self, finding: &Finding) -> String {
        let line = Json::String(self.output(finding)).to_string();
        line.strip_prefix('"').and_then(|line| line.strip_suffix('"')).unwrap_or(&line).to_string()
    }

    /// The line of JSON.
    pub fn json(&self, finding: &Finding) -> String {
        self.alert(finding).to_json()
    }

    /// What the line of JSON says.
    pub fn alert(&self, finding: &Finding) -> Alert {
        let rule = &finding.rule;
        Alert {
            hostname: self.hostname.clone(),
            message: self.json_include_message_property.then(|| finding.message.clone()),
            output: self.json_include_output_property.then(|| self.output(finding)),
            output_fields: self.json_include_output_fields_property.then(|| {
                let time = if self.time_format_iso_8601 { "evt.time.iso8601" } else { "evt.time" };
                let mut fields: BTreeMap<_, _> = finding.fields.iter().cloned().collect();
                fields.insert(Arc::from(time), FieldValue::Uint(finding.time));
                fields
            }),
            priority: rule.priority.name(),
            rule: rule.name.clone(),
            source: rule.source.clone(),
            tags: self.json_include_tags_property.then(|| rule.tags.iter().cloned().collect()),
            time: utc(finding.time),
        }
    }

    /// Time, priority and message, as they are.
    fn output(&self, finding: &Finding) -> String {
        self.line(finding.time, finding.rule.priority, &finding.message)
    }

    /// Time, priority and a text, as they are.
    pub fn line(&self, time: u64, priority: Priority, text: &str) -> String {
        let time = if self.time_format_iso_8601 { iso_8601(time) } else { clock(time, &self.time_zone) };
        format!("{time}: {priority} {text}")
    }
}

fn timestamp(time: u64) -> Timestamp {
    // Times up to the year 2554 fit.
    Timestamp::from_nanosecond(i128::from(time)).unwrap_or_default()
}

/// `2026-11-22T01:47:18.871212215Z`
pub fn utc(time: u64) -> String {
    format!("{}.{:09}Z", timestamp(time).strftime("%Y-%m-%dT%H:%M:%S"), time % 1_000_000_000)
}

/// `2026-11-22T01:47:18.871212215+0000`
fn iso_8601(time: u64) -> String {
    format!("{}.{:09}+0000", timestamp(time).strftime("%Y-%m-%dT%H:%M:%S"), time % 1_000_000_000)
}

/// `01:47:18.871212215`
fn clock(time: u64, zone: &TimeZone) -> String {
    let local = zone.to_datetime(timestamp(time));
    format!("{:02}:{:02}:{:02}.{:09}", local.hour(), local.minute(), local.second(), time % 1_000_000_000)
}
