//! `eyrie fact`: any fact, from its fields.

use eyrie_register::domain::fact::Fact;
use serde_json::{Map, Value, json};

use super::args::FactArgs;
use super::{Answer, Desk};
use crate::error::Error;
use crate::exit::Exit;

/// Runs `eyrie fact`.
pub(crate) fn record(args: &FactArgs) -> Result<Exit, Error> {
    let desk = Desk::new(&args.place);
    let kinds: Vec<String> = Fact::KINDS.iter().map(|kind| kebab(kind)).collect();
    if args.kind == "list" {
        let text = kinds.iter().map(|kind| format!("{kind}\n")).collect();
        return desk.answer(&Answer { text, json: json!({ "facts": kinds }) });
    }
    if !kinds.contains(&args.kind) {
        let known = kinds.iter().map(String::as_str);
        return Err(Error::unknown("kind of fact", &args.kind, known, "eyrie fact list"));
    }
    let fact = parse(&args.kind, &args.fields)?;
    desk.write(&args.write, vec![desk.draft(&args.write, fact)?])
}

fn kebab(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// The fact with these fields. Whether `2021` is a number or a text, and whether one value is a list, the field knows: what it does
/// not take as text is tried as what it asks for.
fn parse(kind: &str, fields: &[String]) -> Result<Fact, Error> {
    let mut object = Map::new();
    object.insert("fact".to_owned(), Value::from(kind));
    for field in fields {
        let (path, text) = field.split_once('=').ok_or_else(|| Error::Usage {
            message: format!("`{field}` is no field with a value"),
            help: "write them as `project=enarx`".to_owned(),
        })?;
        insert(&mut object, path, Value::from(text));
    }
    let mut value = Value::Object(object);
    // Each round changes one value for good, so there are no more rounds than values.
    for _ in 0..=fields.len() * 2 {
        let error = match serde_json::from_value::<Fact>(value.clone()) {
            Ok(fact) => return Ok(fact),
            Err(error) => error.to_string(),
        };
        let wants_list = error.contains("expected a sequence");
        let text =
            error.split_once("invalid type: string \"").and_then(|(_, rest)| rest.split_once("\", expected"));
        let changed = match text {
            Some((text, _)) => retype(&mut value, text, wants_list),
            None if wants_list => listed(&mut value),
            None => false,
        };
        if !changed {
            let help = "docs/register.md lists the fields of every fact".to_owned();
            return Err(Error::Usage { message: format!("{kind}: {error}"), help });
        }
    }
    Err(Error::Usage {
        message: format!("{kind}: cannot be read"),
        help: "docs/register.md lists the fields".to_owned(),
    })
}

/// Makes the first text like this a number, a truth value or a list of one; says whether there was one.
fn retype(value: &mut Value, text: &str, list: bool) -> bool {
    match value {
        Value::String(own) if own == text => {
            let typed = match (list, text.parse::<u64>(), text) {
                (true, ..) => Value::Array(vec![Value::from(text)]),
                (_, Ok(number), _) => Value::from(number),
                (_, _, "true") => Value::Bool(true),
                (_, _, "false") => Value::Bool(false),
                _ => return false,
            };
            *value = typed;
            true
        }
        Value::Array(items) => items.iter_mut().any(|item| retype(item, text, list)),
        Value::Object(fields) => fields.values_mut().any(|field| retype(field, text, list)),
        _ => false,
    }
}

/// Puts a value at `a.b` or `a[b]`; one that is there already becomes a list.
fn insert(object: &mut Map<String, Value>, path: &str, value: Value) {
    if let Some((first, last)) = path.strip_suffix(']').and_then(|path| path.split_once('[')) {
        let inner = object.entry(first).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(inner) = inner {
            inner.insert(last.to_owned(), value);
        }
        return;
    }
    if let Some((first, rest)) = path.split_once('.') {
        let inner = object.entry(first).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(inner) = inner {
            insert(inner, rest, value);
        }
        return;
    }
    match object.get_mut(path) {
        None => {
            object.insert(path.to_owned(), value);
        }
        Some(Value::Array(items)) => items.push(value),
        Some(there) => *there = Value::Array(vec![there.take(), value]),
    }
}

/// Makes the pieces of evidence a list, where one was given; says whether there was one.
fn listed(value: &mut Value) -> bool {
    let evidence = value.get_mut("evidence").filter(|evidence| evidence.is_object());
    evidence.is_some_and(|evidence| {
        *evidence = Value::Array(vec![evidence.take()]);
        true
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(kind: &str, fields: &[&str]) -> Result<Value, String> {
        let fields: Vec<String> = fields.iter().map(ToString::to_string).collect();
        parse(kind, &fields)
            .map(|fact| serde_json::to_value(fact).unwrap())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn fields_are_what_the_fact_asks_for() {
        let metric = ["project=falco", "metric=2021", "value=750", "evidence.at=slack", "evidence.date=2021"];
        let value = fact("metric-measured", &metric).unwrap();
        assert_eq!((&value["metric"], &value["value"]), (&Value::from("2021"), &Value::from(750)));
        let plan =
            fact("growth-plan-set", &["project=enarx", "authors=lia", "goals=grow", "goals=2026"]).unwrap();
        assert_eq!((&plan["authors"], &plan["goals"]), (&json!(["lia"]), &json!(["grow", "2026"])));
        let evaluated = fact(
            "criterion-evaluated",
            &[
                "project=a",
                "criterion=b",
                "verdict=met",
                "reason=c",
                "evidence.at=d",
                "evidence.date=2026-01",
            ],
        );
        assert_eq!(evaluated.unwrap()["evidence"], json!([{ "at": "d", "date": "2026-01" }]));
        assert!(fact("body-informed", &["project=a"]).unwrap_err().contains("missing field `body`"));
        assert!(
            fact("body-informed", &["project=a", "body=b", "c=d"]).unwrap_err().contains("unknown field `c`")
        );
        assert!(fact("metric-measured", &["project=a", "metric=m", "value=many"]).is_err());
        assert!(fact("body-informed", &["project"]).is_err());
    }
}
