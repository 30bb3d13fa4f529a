//! Typed values into Arrow arrays: one builder a column, matched by kind, never boxed behind a trait.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Date32Builder, Decimal128Builder, FixedSizeBinaryBuilder, Float64Builder, Int64Builder,
    StringBuilder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{Array, ArrayRef, ListArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, TimeUnit};

use crate::cast::Value;
use crate::kind::{ColumnKind, ScalarColumn};

/// What an element of a list takes beside its text, at most.
const LIST_ELEMENT: usize = 16;

/// Room for so many values or bytes and a bit.
pub(super) fn as_much(length: usize) -> usize {
    length + length / 8
}

/// The builder of one column.
#[derive(Debug)]
pub(super) enum Builder {
    Boolean(BooleanBuilder),
    Integer(Int64Builder),
    Double(Float64Builder),
    Decimal(Decimal128Builder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Time(Time64MicrosecondBuilder),
    Text(StringBuilder),
    Uuid(FixedSizeBinaryBuilder),
    List(Box<ListBuilder>),
}

/// The builder of a column of lists.
#[derive(Debug)]
pub(super) struct ListBuilder {
    item: FieldRef,
    pub(super) kind: ScalarColumn,
    pub(super) values: Builder,
    length: usize,
    ends: Vec<i32>,
    nulls: NullBufferBuilder,
}

/// The Arrow field of a column; ids carry the canonical extension `arrow.uuid`.
pub(super) fn field(name: &str, kind: ColumnKind) -> Field {
    match kind {
        ColumnKind::Scalar(scalar) => Field::new(name, scalar.arrow_type(), true),
        ColumnKind::CsvArray | ColumnKind::JsonArray | ColumnKind::Json | ColumnKind::Document => {
            Field::new(name, DataType::Utf8, true)
        }
        ColumnKind::List(scalar) => Field::new(name, DataType::List(list_item(scalar)), true),
        ColumnKind::Uuid => Field::new(name, DataType::FixedSizeBinary(16), true)
            .with_metadata(HashMap::from([("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned())])),
    }
}

fn list_item(scalar: ScalarColumn) -> FieldRef {
    Arc::new(Field::new("item", scalar.arrow_type(), true))
}

impl Builder {
    pub(super) fn new(kind: ColumnKind) -> Self {
        match kind {
            ColumnKind::Scalar(scalar) => Self::scalar(scalar),
            ColumnKind::CsvArray | ColumnKind::JsonArray | ColumnKind::Json | ColumnKind::Document => {
                Self::Text(StringBuilder::new())
            }
            ColumnKind::Uuid => Self::Uuid(FixedSizeBinaryBuilder::new(16)),
            ColumnKind::List(scalar) => Self::List(Box::new(ListBuilder {
                item: list_item(scalar),
                kind: scalar,
                values: Self::scalar(scalar),
                length: 0,
                ends: Vec::new(),
                nulls: NullBufferBuilder::new(0),
            })),
        }
    }

    fn scalar(scalar: ScalarColumn) -> Self {
        match scalar.arrow_type() {
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Int64 => Self::Integer(Int64Builder::new()),
            DataType::Float64 => Self::Double(Float64Builder::new()),
            decimal @ DataType::Decimal128(..) => Self::Decimal(Decimal128Builder::new().with_data_type(decimal)),
            DataType::Date32 => Self::Date(Date32Builder::new()),
            timestamp @ DataType::Timestamp(TimeUnit::Microsecond, _) => {
                Self::Timestamp(TimestampMicrosecondBuilder::new().with_data_type(timestamp))
            }
            DataType::Time64(_) => Self::Time(Time64MicrosecondBuilder::new()),
            _ => Self::Text(StringBuilder::new()),
        }
    }

    /// Appends a value; one of another kind than the column's is NULL. Returns the bytes that it takes beyond a number's.
    #[inline]
    pub(super) fn push(&mut self, value: &Value<'_>) -> usize {
        match (self, value) {
            (Self::Text(builder), Value::Text(text)) => {
                builder.append_value(text);
                return text.len();
            }
            (Self::Integer(builder), Value::Integer(value)) => builder.append_value(*value),
            (Self::Double(builder), Value::Double(value)) => builder.append_value(*value),
            (Self::Boolean(builder), Value::Boolean(value)) => builder.append_value(*value),
            (Self::Timestamp(builder), Value::Micros(value)) => builder.append_value(*value),
            (Self::Date(builder), Value::Days(value)) => builder.append_value(*value),
            (Self::Time(builder), Value::Micros(value)) => builder.append_value(*value),
            (Self::Decimal(builder), Value::Decimal(value)) => builder.append_value(*value),
            (builder, _) => builder.push_null(),
        }
        0
    }

    #[inline]
    pub(super) fn push_text(&mut self, text: &str) -> usize {
        match self {
            Self::Text(builder) => builder.append_value(text),
            builder => builder.push_null(),
        }
        text.len()
    }

    #[inline]
    pub(super) fn push_uuid(&mut self, id: u128) {
        if let Self::Uuid(builder) = self {
            // the width is 16, as the builder's
            let _ = builder.append_value(id.to_be_bytes());
        } else {
            self.push_null();
        }
    }

    pub(super) fn push_null(&mut self) {
        match self {
            Self::Boolean(builder) => builder.append_null(),
            Self::Integer(builder) => builder.append_null(),
            Self::Double(builder) => builder.append_null(),
            Self::Decimal(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Timestamp(builder) => builder.append_null(),
            Self::Time(builder) => builder.append_null(),
            Self::Text(builder) => builder.append_null(),
            Self::Uuid(builder) => builder.append_null(),
            Self::List(builder) => builder.end(false),
        }
    }

    /// The array of what was appended. The builder is empty afterwards, with room for as much again and a bit: batches of a
    /// table tend to be alike, and growing would copy every byte twice and leave half of the room unused.
    pub(super) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        macro_rules! renew {
            ($builder:ident, $with_capacity:expr) => {{
                let array = $builder.finish();
                *$builder = $with_capacity(as_much(array.len()));
                Arc::new(array)
            }};
        }
        Ok(match self {
            Self::Boolean(builder) => renew!(builder, BooleanBuilder::with_capacity),
            Self::Integer(builder) => renew!(builder, Int64Builder::with_capacity),
            Self::Double(builder) => renew!(builder, Float64Builder::with_capacity),
            Self::Date(builder) => renew!(builder, Date32Builder::with_capacity),
            Self::Time(builder) => renew!(builder, Time64MicrosecondBuilder::with_capacity),
            Self::Uuid(builder) => renew!(builder, |rows| FixedSizeBinaryBuilder::with_capacity(rows, 16)),
            Self::Decimal(builder) => {
                let array = builder.finish();
                let renewed = Decimal128Builder::with_capacity(as_much(array.len()));
                *builder = renewed.with_data_type(array.data_type().clone());
                Arc::new(array)
            }
            Self::Timestamp(builder) => {
                let array = builder.finish();
                let renewed = TimestampMicrosecondBuilder::with_capacity(as_much(array.len()));
                *builder = renewed.with_data_type(array.data_type().clone());
                Arc::new(array)
            }
            Self::Text(builder) => {
                let array = builder.finish();
                *builder = StringBuilder::with_capacity(as_much(array.len()), as_much(array.value_data().len()));
                Arc::new(array)
            }
            Self::List(builder) => Arc::new(builder.finish()?),
        })
    }
}

impl ListBuilder {
    /// Appends an element to the list that is open. Returns no less than the bytes that it takes in a warehouse.
    pub(super) fn push(&mut self, value: &Value<'_>) -> usize {
        self.length += 1;
        LIST_ELEMENT + self.values.push(value)
    }

    /// Ends the list that is open.
    pub(super) fn end(&mut self, is_valid: bool) {
        // a batch stays far below 2^31 values
        self.ends.push(i32::try_from(self.length).unwrap_or(i32::MAX));
        self.nulls.append(is_valid);
    }

    fn finish(&mut self) -> Result<ListArray, ArrowError> {
        let mut offsets = vec![0];
        offsets.append(&mut self.ends);
        self.length = 0;
        let offsets = OffsetBuffer::new(offsets.into());
        ListArray::try_new(Arc::clone(&self.item), offsets, self.values.finish()?, self.nulls.finish())
    }
}
