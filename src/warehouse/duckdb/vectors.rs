//! Arrow arrays as DuckDB's vectors. Text is not copied: a vector points to what the array holds.

// The only code that DuckDB's memory is written by: its C interface knows vectors as addresses.
#![allow(unsafe_code)]

use std::error::Error;
use std::slice;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float64Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, FixedSizeBinaryArray, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, TimeUnit};
use duckdb::core::DataChunkHandle;
use duckdb::ffi::{
    duckdb_data_chunk_get_vector, duckdb_string_t, duckdb_string_t__bindgen_ty_1,
    duckdb_string_t__bindgen_ty_1__bindgen_ty_1, duckdb_string_t__bindgen_ty_1__bindgen_ty_2, duckdb_vector,
    duckdb_vector_ensure_validity_writable, duckdb_vector_get_data, duckdb_vector_get_validity,
};
use duckdb::vtab::arrow::write_arrow_array_to_vector;

/// Texts of no more bytes are in the vector itself.
const INLINED: usize = 12;

/// Fills a chunk of the batch's own types with the batch's rows, of which there are no more than a vector holds.
///
/// The chunk points into the batch: whoever calls keeps the batch for as long as DuckDB may read the chunk, which for a
/// table function is until its statement has ended.
pub(super) fn fill(chunk: &mut DataChunkHandle, batch: &RecordBatch) -> Result<(), Box<dyn Error>> {
    for (index, array) in batch.columns().iter().enumerate() {
        // SAFETY: the chunk is DuckDB's, borrowed until we return, and has a vector for each column that was bound.
        let vector = unsafe { duckdb_data_chunk_get_vector(chunk.get_ptr(), index as u64) };
        write(Vector(vector), batch.schema_ref().field(index), array)?;
    }
    chunk.set_len(batch.num_rows());
    Ok(())
}

/// A vector of a chunk that is being filled.
#[derive(Clone, Copy)]
struct Vector(duckdb_vector);

impl Vector {
    /// The values that it has room for, of which `rows` are written.
    ///
    /// `T` is what DuckDB holds for the column's type, and `rows` are no more than a vector holds.
    fn slots<T: Copy>(&mut self, rows: usize) -> &mut [T] {
        // SAFETY: a flat vector's data are an array of the type's values, aligned for them, of DuckDB's vector size; nobody
        // else has the chunk meanwhile. Any bits are a value of the types that are asked for here.
        unsafe { slice::from_raw_parts_mut(duckdb_vector_get_data(self.0).cast(), rows) }
    }

    /// A bit for each row, the first the lowest of its word: whether there is a value.
    fn validity(&mut self, rows: usize) -> &mut [u64] {
        // SAFETY: once it is writable, the mask has a bit for each row of DuckDB's vector size, in words of 64.
        unsafe {
            duckdb_vector_ensure_validity_writable(self.0);
            slice::from_raw_parts_mut(duckdb_vector_get_validity(self.0), rows.div_ceil(64))
        }
    }
}

fn write(mut vector: Vector, field: &Field, array: &ArrayRef) -> Result<(), Box<dyn Error>> {
    match array.data_type() {
        DataType::Utf8 => texts(&mut vector, array.as_string()),
        DataType::Int64 => numbers::<Int64Type>(&mut vector, array),
        DataType::Float64 => numbers::<Float64Type>(&mut vector, array),
        DataType::Date32 => numbers::<Date32Type>(&mut vector, array),
        DataType::Timestamp(TimeUnit::Microsecond, _) => numbers::<TimestampMicrosecondType>(&mut vector, array),
        DataType::Time64(TimeUnit::Microsecond) => numbers::<Time64MicrosecondType>(&mut vector, array),
        // narrower ones are smaller numbers to DuckDB
        DataType::Decimal128(19.., _) => {
            let values = array.as_primitive::<Decimal128Type>().values();
            for (slot, value) in vector.slots(array.len()).iter_mut().zip(values) {
                *slot = halves(value.cast_unsigned());
            }
        }
        // without that name it is a BLOB to DuckDB
        DataType::FixedSizeBinary(16) if field.extension_type_name() == Some("arrow.uuid") => {
            uuids(&mut vector, array.as_fixed_size_binary());
        }
        DataType::Boolean => {
            let values = array.as_boolean().values();
            for (slot, value) in vector.slots(array.len()).iter_mut().zip(values) {
                *slot = u8::from(value);
            }
        }
        _ => return write_arrow_array_to_vector(array, &mut vector.0),
    }
    if let Some(nulls) = array.nulls().filter(|nulls| nulls.null_count() > 0) {
        let words = nulls.inner().bit_chunks();
        for (slot, word) in vector.validity(array.len()).iter_mut().zip(words.iter_padded()) {
            *slot = word;
        }
    }
    Ok(())
}

/// Numbers that DuckDB holds as Arrow does.
fn numbers<T: ArrowPrimitiveType>(vector: &mut Vector, array: &ArrayRef) {
    vector.slots(array.len()).copy_from_slice(array.as_primitive::<T>().values());
}

/// DuckDB orders UUIDs as signed numbers, so their first bit is turned.
fn uuids(vector: &mut Vector, array: &FixedSizeBinaryArray) {
    let (ids, _) = array.value_data().as_chunks();
    for (slot, id) in vector.slots(array.len()).iter_mut().zip(ids) {
        *slot = halves(u128::from_be_bytes(*id) ^ (1 << 127));
    }
}

/// A number of 128 bits as DuckDB holds it, the lower half first.
#[allow(clippy::cast_possible_truncation)] // the halves of it
fn halves(number: u128) -> [u64; 2] {
    [number as u64, (number >> 64) as u64]
}

fn texts(vector: &mut Vector, array: &StringArray) {
    let values = array.value_data();
    for (slot, ends) in vector.slots(array.len()).iter_mut().zip(array.value_offsets().windows(2)) {
        // offsets are those of a string array: ascending, and within its values
        let [start, end] = [ends[0], ends[1]].map(|offset| usize::try_from(offset).unwrap_or_default());
        *slot = text(&values[start..end]);
    }
}

/// A text as DuckDB's vectors hold it: short ones themselves, of others the first bytes and where they are.
#[allow(clippy::cast_possible_truncation)] // Arrow's offsets have 31 bits
fn text(bytes: &[u8]) -> duckdb_string_t {
    let length = bytes.len() as u32;
    let value = if bytes.len() <= INLINED {
        let mut inlined = [0; INLINED];
        for (slot, byte) in inlined.iter_mut().zip(bytes) {
            *slot = byte.cast_signed() as _;
        }
        let inlined = duckdb_string_t__bindgen_ty_1__bindgen_ty_2 { length, inlined };
        duckdb_string_t__bindgen_ty_1 { inlined }
    } else {
        let prefix = [bytes[0], bytes[1], bytes[2], bytes[3]].map(|byte| byte.cast_signed() as _);
        let ptr = bytes.as_ptr().cast_mut().cast();
        let pointer = duckdb_string_t__bindgen_ty_1__bindgen_ty_1 { length, prefix, ptr };
        duckdb_string_t__bindgen_ty_1 { pointer }
    };
    duckdb_string_t { value }
}
