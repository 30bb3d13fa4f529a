//! One Arrow column, in the form of the column that it goes to.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, FixedSizeBinaryArray, Float64Array, Int64Array, ListArray, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow_schema::{DataType, TimeUnit};
use tokio_postgres::types::{Kind, Type};
use uuid::Uuid;

use super::{numeric, timetz};

/// In place of a value's length: NULL.
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// 2000-01-01, from which Postgres counts, in days and microseconds since 1970-01-01.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// Before the text of a `jsonb`: the version of its form.
const JSONB_VERSION: u8 = 1;

/// A column: downcast once, written cell by cell. Each variant is a pair of an Arrow array and a binary form.
pub(super) enum Cells<'a> {
    Boolean(&'a BooleanArray),
    Integer(&'a Int64Array),
    Double(&'a Float64Array),
    Date(&'a Date32Array),
    Timestamp(&'a TimestampMicrosecondArray),
    Time(&'a Time64MicrosecondArray),
    TimeTz(&'a StringArray),
    Numeric(&'a StringArray),
    WholeNumeric(&'a Int64Array),
    Text(&'a StringArray),
    Jsonb(&'a StringArray),
    Uuid(&'a FixedSizeBinaryArray),
    UuidText(&'a FixedSizeBinaryArray),
    List(&'a ListArray, Box<Cells<'a>>, u32),
}

impl<'a> Cells<'a> {
    /// The column as values of `target`; `None` if they have no such form.
    pub(super) fn new(array: &'a ArrayRef, target: &Type) -> Option<Self> {
        Some(match (array.data_type(), target) {
            (DataType::Boolean, &Type::BOOL) => Self::Boolean(array.as_boolean()),
            (DataType::Int64, &Type::INT8) => Self::Integer(array.as_primitive::<Int64Type>()),
            (DataType::Int64, &Type::NUMERIC) => Self::WholeNumeric(array.as_primitive::<Int64Type>()),
            (DataType::Float64, &Type::FLOAT8) => Self::Double(array.as_primitive::<Float64Type>()),
            (DataType::Date32, &Type::DATE) => Self::Date(array.as_primitive::<Date32Type>()),
            (DataType::Timestamp(TimeUnit::Microsecond, _), &Type::TIMESTAMPTZ | &Type::TIMESTAMP) => {
                Self::Timestamp(array.as_primitive::<TimestampMicrosecondType>())
            }
            (DataType::Time64(TimeUnit::Microsecond), &Type::TIME) => {
                Self::Time(array.as_primitive::<Time64MicrosecondType>())
            }
            (DataType::Utf8, &Type::TIMETZ) => Self::TimeTz(array.as_string()),
            (DataType::Utf8, &Type::NUMERIC) => Self::Numeric(array.as_string()),
            (DataType::Utf8, &Type::TEXT | &Type::VARCHAR | &Type::JSON) => Self::Text(array.as_string()),
            (DataType::Utf8, &Type::JSONB) => Self::Jsonb(array.as_string()),
            (DataType::FixedSizeBinary(16), &Type::UUID) => Self::Uuid(array.as_fixed_size_binary()),
            (DataType::FixedSizeBinary(16), &Type::TEXT | &Type::VARCHAR) => {
                Self::UuidText(array.as_fixed_size_binary())
            }
            (DataType::List(_), target) => {
                let Kind::Array(element) = target.kind() else { return None };
                let list = array.as_list::<i32>();
                Self::List(list, Box::new(Self::new(list.values(), element)?), element.oid())
            }
            _ => return None,
        })
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Boolean(array) => array.is_null(row),
            Self::Integer(array) | Self::WholeNumeric(array) => array.is_null(row),
            Self::Double(array) => array.is_null(row),
            Self::Date(array) => array.is_null(row),
            Self::Timestamp(array) => array.is_null(row),
            Self::Time(array) => array.is_null(row),
            Self::TimeTz(array) | Self::Numeric(array) | Self::Text(array) | Self::Jsonb(array) => array.is_null(row),
            Self::Uuid(array) | Self::UuidText(array) => array.is_null(row),
            Self::List(array, ..) => array.is_null(row),
        }
    }

    /// Appends a value with its length; `None` if it is not what its column promises.
    pub(super) fn put(&self, row: usize, out: &mut Vec<u8>) -> Option<()> {
        if self.is_null(row) {
            out.extend_from_slice(&NULL);
            return Some(());
        }
        match self {
            Self::Boolean(array) => put_bytes(&[u8::from(array.value(row))], out)?,
            Self::Integer(array) => put_bytes(&array.value(row).to_be_bytes(), out)?,
            Self::Double(array) => put_bytes(&array.value(row).to_be_bytes(), out)?,
            // what Arrow counts beyond a type's range is carried modulo its width; casts promise that Postgres's range has it
            Self::Date(array) => put_bytes(&array.value(row).wrapping_sub(EPOCH_DAYS).to_be_bytes(), out)?,
            Self::Timestamp(array) => put_bytes(&array.value(row).wrapping_sub(EPOCH_MICROS).to_be_bytes(), out)?,
            Self::Time(array) => put_bytes(&array.value(row).to_be_bytes(), out)?,
            Self::TimeTz(array) => {
                let (micros, west) = timetz::read(array.value(row))?;
                out.extend_from_slice(&12_u32.to_be_bytes());
                out.extend_from_slice(&micros.to_be_bytes());
                out.extend_from_slice(&west.to_be_bytes());
            }
            Self::Numeric(array) => put_counted(out, |out| numeric::put(array.value(row), out))?,
            Self::WholeNumeric(array) => put_counted(out, |out| numeric::put(&array.value(row).to_string(), out))?,
            Self::Text(array) => put_bytes(array.value(row).as_bytes(), out)?,
            Self::Jsonb(array) => {
                let text = array.value(row).as_bytes();
                out.extend_from_slice(&length(text.len() + 1)?);
                out.push(JSONB_VERSION);
                out.extend_from_slice(text);
            }
            Self::Uuid(array) => put_bytes(array.value(row), out)?,
            Self::UuidText(array) => {
                let id = Uuid::from_slice(array.value(row)).ok()?;
                put_bytes(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes(), out)?;
            }
            Self::List(array, values, element) => put_counted(out, |out| put_list(array, row, values, *element, out))?,
        }
        Some(())
    }
}

/// Source: `array_recv`, which looks for NULLs itself whatever the flag says. One dimension, from 1; an empty array has none.
fn put_list(array: &ListArray, row: usize, values: &Cells<'_>, element: u32, out: &mut Vec<u8>) -> Option<()> {
    let offsets = array.value_offsets();
    let range = usize::try_from(offsets[row]).ok()?..usize::try_from(offsets[row + 1]).ok()?;
    out.extend_from_slice(&u32::from(!range.is_empty()).to_be_bytes());
    out.extend_from_slice(&1_u32.to_be_bytes());
    out.extend_from_slice(&element.to_be_bytes());
    if !range.is_empty() {
        out.extend_from_slice(&u32::try_from(range.len()).ok()?.to_be_bytes());
        out.extend_from_slice(&1_u32.to_be_bytes());
    }
    for index in range {
        values.put(index, out)?;
    }
    Some(())
}

/// The length of a value, in front of it: 31 bits, although the server takes no value beyond 30.
#[inline]
fn length(bytes: usize) -> Option<[u8; 4]> {
    Some(i32::try_from(bytes).ok()?.to_be_bytes())
}

#[inline]
fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.extend_from_slice(&length(bytes.len())?);
    out.extend_from_slice(bytes);
    Some(())
}

/// Puts the length of what `put` appends in front of it.
fn put_counted(out: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>) -> Option<()>) -> Option<()> {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    put(out)?;
    let length = length(out.len() - start - 4)?;
    out[start..start + 4].copy_from_slice(&length);
    Some(())
}
