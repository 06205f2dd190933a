//! [`Template`]: how a rule's findings are told: its output, and the fields that go with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use eyrie_lang::{Compiler, Diagnostic, Run, ValueId};

use crate::append_output::ExtraField;
use crate::finding::{FieldValue, Finding, RuleInfo};
use crate::output::{OutputFormat, Style};

/// How a rule's findings are told.
#[derive(Debug)]
pub(crate) struct Template {
    output: OutputFormat,
    /// By name in ascending order.
    fields: Vec<(Arc<str>, Told)>,
}

/// What a finding has for a field.
#[derive(Debug)]
enum Told {
    Value(ValueId),
    Text(OutputFormat),
}

impl Template {
    pub(crate) fn compile(
        output: &str,
        extra_fields: &BTreeMap<String, ExtraField>,
        compiler: &mut Compiler<'_>,
    ) -> Result<Self, Vec<Diagnostic>> {
        // A star in front is Falco's old mark of outputs that are shown though values are missing, as all are now.
        let output = output.strip_prefix('*').unwrap_or(output);
        let output = OutputFormat::compile(output, compiler)?;
        let mut fields: BTreeMap<Arc<str>, Told> =
            output.fields().map(|(name, value)| (Arc::from(name), Told::Value(value))).collect();
        for (name, field) in extra_fields {
            let format = OutputFormat::compile(&field.format(name), compiler)?;
            let told = match field {
                ExtraField::Raw => format.values().next().map(|(_, value)| Told::Value(value)),
                ExtraField::Format(_) => Some(Told::Text(format)),
            };
            fields.extend(told.map(|told| (Arc::from(name.as_str()), told)));
        }
        Ok(Template { output, fields: fields.into_iter().collect() })
    }

    /// Every field that is looked at, as it is written.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, ValueId)> {
        let extra = self.fields.iter().flat_map(|(name, told)| match told {
            Told::Value(value) => vec![(&**name, *value)],
            Told::Text(format) => format.fields().collect(),
        });
        self.output.fields().chain(extra)
    }

    pub(crate) fn finding(
        &self,
        rule: &Arc<RuleInfo>,
        time: u64,
        run: &mut Run<'_>,
        style: Style,
    ) -> Finding {
        let mut message = String::new();
        self.output.render(run, style, &mut message);
        let fields = self.fields.iter().map(|(name, told)| {
            let value = match told {
                Told::Value(value) => FieldValue::of(run, *value, style),
                Told::Text(format) => {
                    let mut text = String::new();
                    format.render(run, style, &mut text);
                    FieldValue::Text(text)
                }
            };
            (Arc::clone(name), value)
        });
        let fields = fields.collect();
        Finding { rule: Arc::clone(rule), time, message, fields }
    }
}
