//! `eyrie capture export`: the events of a capture as a Parquet file. Only with the feature `parquet`.

use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Float64Builder, Int64Builder, ListBuilder, StringBuilder, TimestampNanosecondBuilder,
    UInt64Builder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field as ArrowField, Schema as ArrowSchema, TimeUnit};
use eyrie_engine::{FieldValue, Finding};
use eyrie_events::SyscallSchema;
use eyrie_lang::value::Class;
use eyrie_lang::{Arity, Field, Schema as _, Type};
use eyrie_pipeline::Query;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use crate::args::replay::ExportArgs;
use crate::catalog::diagnostic_style;
use crate::error::Error;
use crate::exit::Exit;
use crate::output::Staged;
use crate::replay::{EVERY_EVENT, columns, filter, mistaken, notes, open};

/// What is of use for most questions.
const COLUMNS: &str = "evt.num,evt.rawtime,evt.type,evt.category,evt.cpu,evt.rawres,evt.res,evt.failed,evt.args,\
    thread.tid,proc.pid,proc.ppid,proc.name,proc.pname,proc.aname,proc.exepath,proc.cmdline,proc.cwd,proc.sid,proc.tty,\
    user.uid,user.name,user.loginuid,group.gid,fd.num,fd.type,fd.name,fd.cip,fd.cport,fd.sip,fd.sport,fd.l4proto,\
    fs.path.name,container.id,container.name,container.image.repository,k8s.ns.name,k8s.pod.name";

/// How many events are in a batch.
const BATCH: usize = 8192;

/// Does it.
pub(crate) fn run(args: &ExportArgs) -> Result<Exit, Error> {
    let style = diagnostic_style(&args.screen);
    let names = columns(args.columns.as_deref().unwrap_or(COLUMNS), style)?.names().to_vec();
    if let Some(text) = &args.filter {
        filter(text, style)?;
    }
    let shown: Vec<String> = names.iter().map(|name| format!("%{name}")).collect();
    let mut query = Query::new(args.filter.as_deref().unwrap_or(EVERY_EVENT), &shown.join(" "))
        .map_err(|error| mistaken("--columns", &error, style))?;

    let failed = |source| Error::Write { path: args.output.clone(), source };
    let mut replay = open(&args.capture)?;
    let mut table = Table::new(&names);
    let properties =
        WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let staged = Staged::beside(&args.output).map_err(failed)?;
    let mut writer = ArrowWriter::try_new(staged, Arc::clone(&table.schema), Some(properties))
        .map_err(|error| failed(as_io(error)))?;
    let (mut written, mut problem) = (0u64, None);
    let read = replay.for_each(|record| {
        if let Some(finding) = query.ask(record) {
            table.push(&finding);
            written += 1;
            if table.rows == BATCH {
                problem = table.batch().and_then(|batch| writer.write(&batch)).err();
            }
        }
        if problem.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if let Some(error) = problem {
        return Err(failed(as_io(error)));
    }
    let finished = table.batch().and_then(|batch| writer.write(&batch)).and_then(|()| writer.into_inner());
    finished.map_err(as_io).and_then(Staged::persist).map_err(failed)?;
    if !args.quiet {
        let mut told = format!("{written} events written\n");
        notes(&replay.summary(), &mut told);
        // Nowhere is left to complain to if this fails.
        let _ = io::stderr().write_all(told.as_bytes());
    }
    match read {
        Ok(()) => Ok(Exit::Clean),
        Err(source) => Err(Error::Capture { path: args.capture.clone(), source }),
    }
}

fn as_io(error: ParquetError) -> io::Error {
    io::Error::other(error)
}

/// Rows that are gathered into a batch.
struct Table {
    schema: Arc<ArrowSchema>,
    columns: Vec<Column>,
    rows: usize,
}

/// A column and the values gathered for it.
enum Column {
    Int(Int64Builder),
    Uint(UInt64Builder),
    Float(Float64Builder),
    Bool(BooleanBuilder),
    Time(TimestampNanosecondBuilder),
    Text(StringBuilder),
    List(ListBuilder<StringBuilder>),
}

impl Table {
    fn new(names: &[String]) -> Table {
        let syscalls = SyscallSchema::new();
        let mut fields = Vec::with_capacity(names.len());
        let mut columns = Vec::with_capacity(names.len());
        for name in names {
            let field = field(&syscalls, name);
            let column = Column::of(name, field.as_ref());
            fields.push(ArrowField::new(name, column.data_type(), true));
            columns.push(column);
        }
        Table { schema: Arc::new(ArrowSchema::new(fields)), columns, rows: 0 }
    }

    fn push(&mut self, finding: &Finding) {
        self.rows += 1;
        for (column, field) in self.columns.iter_mut().zip(self.schema.fields()) {
            column.push(finding.field(field.name()).unwrap_or(&FieldValue::Absent));
        }
    }

    fn batch(&mut self) -> Result<RecordBatch, ParquetError> {
        self.rows = 0;
        let arrays = self.columns.iter_mut().map(Column::finish).collect();
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), arrays)?)
    }
}

/// The field of this name, if it is one and not something made of fields.
fn field(schema: &SyscallSchema, name: &str) -> Option<Field> {
    match name.split_once('[') {
        Some((name, argument)) => schema.resolve(name, Some(argument.strip_suffix(']')?)).ok(),
        None => schema.resolve(name, None).ok(),
    }
}

impl Column {
    fn of(name: &str, field: Option<&Field>) -> Column {
        let Some(field) = field else { return Column::Text(StringBuilder::new()) };
        match (field.arity, field.ty, field.ty.class()) {
            (Arity::List | Arity::Any, ..) => Column::List(ListBuilder::new(StringBuilder::new())),
            (_, Type::AbsTime, _) => Column::Time(TimestampNanosecondBuilder::new().with_timezone("UTC")),
            // A number in Falco.
            _ if name == "evt.rawtime" => {
                Column::Time(TimestampNanosecondBuilder::new().with_timezone("UTC"))
            }
            (_, Type::Double, _) => Column::Float(Float64Builder::new()),
            (_, _, Class::Bool) => Column::Bool(BooleanBuilder::new()),
            (
                _,
                Type::Int8
                | Type::Int16
                | Type::Int32
                | Type::Int64
                | Type::Pid
                | Type::Pid32
                | Type::Fd
                | Type::Fd32
                | Type::Errno,
                _,
            ) => Column::Int(Int64Builder::new()),
            (_, _, Class::Number) => Column::Uint(UInt64Builder::new()),
            _ => Column::Text(StringBuilder::new()),
        }
    }

    fn data_type(&self) -> DataType {
        match self {
            Column::Int(_) => DataType::Int64,
            Column::Uint(_) => DataType::UInt64,
            Column::Float(_) => DataType::Float64,
            Column::Bool(_) => DataType::Boolean,
            Column::Time(_) => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
            Column::Text(_) => DataType::Utf8,
            Column::List(_) => DataType::new_list(DataType::Utf8, true),
        }
    }

    fn push(&mut self, value: &FieldValue) {
        match self {
            Column::Int(column) => column.append_option(integer(value)),
            Column::Uint(column) => {
                column.append_option(integer(value).map(i64::cast_unsigned));
            }
            Column::Time(column) => column.append_option(integer(value)),
            Column::Float(column) => column.append_option(match value {
                FieldValue::Float(value) => Some(*value),
                _ => None,
            }),
            Column::Bool(column) => column.append_option(match value {
                FieldValue::Bool(value) => Some(*value),
                _ => None,
            }),
            Column::Text(column) => column.append_option(text(value)),
            Column::List(column) => match value {
                FieldValue::Absent => column.append(false),
                FieldValue::List(items) => {
                    for item in items {
                        column.values().append_option(text(item));
                    }
                    column.append(true);
                }
                item => {
                    column.values().append_option(text(item));
                    column.append(true);
                }
            },
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Column::Int(column) => Arc::new(column.finish()),
            Column::Uint(column) => Arc::new(column.finish()),
            Column::Float(column) => Arc::new(column.finish()),
            Column::Bool(column) => Arc::new(column.finish()),
            Column::Time(column) => Arc::new(column.finish()),
            Column::Text(column) => Arc::new(column.finish()),
            Column::List(column) => Arc::new(column.finish()),
        }
    }
}

fn integer(value: &FieldValue) -> Option<i64> {
    match value {
        FieldValue::Int(value) => Some(*value),
        FieldValue::Uint(value) => Some(value.cast_signed()),
        _ => None,
    }
}

fn text(value: &FieldValue) -> Option<String> {
    match value {
        FieldValue::Absent | FieldValue::List(_) => None,
        FieldValue::Text(text) => Some(text.clone()),
        FieldValue::Bool(value) => Some(value.to_string()),
        FieldValue::Int(value) => Some(value.to_string()),
        FieldValue::Uint(value) => Some(value.to_string()),
        FieldValue::Float(value) => Some(value.to_string()),
    }
}
