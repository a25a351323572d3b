"""Reads our four formats back by other programs and compares them with DuckDB's answer, cell by cell."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.feather
import pyarrow.json
import pyarrow.parquet as pq

NAN_BITS = np.int64(0x7FF8000000000000)


def canonical(array: pa.ChunkedArray | pa.Array, as_json: bool = False) -> pa.Array:
    """One form for one meaning: whole numbers as decimals, floats as the bits of a double (one NaN), times as ns."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    kind = array.type
    if pa.types.is_dictionary(kind):
        return canonical(array.cast(kind.value_type), as_json)
    if pa.types.is_integer(kind):
        return array.cast(pa.decimal128(20, 0))
    if pa.types.is_decimal128(kind):
        return array.cast(pa.decimal128(38, kind.scale))
    if pa.types.is_decimal256(kind):  # DuckDB has doubles for these
        array = pa.array([None if value is None else float(value) for value in array.to_pylist()], pa.float64())
        kind = array.type
    if pa.types.is_floating(kind):
        return float_bits(array.cast(pa.float64()), as_json)
    if pa.types.is_date(kind):
        array = array.cast(pa.timestamp("s")) if kind == pa.date32() else array.cast(pa.timestamp("ms"))
        kind = array.type
    if pa.types.is_timestamp(kind):
        per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
        count = array.cast(pa.int64()).cast(pa.decimal128(19, 0))
        return pc.multiply(count, pa.scalar(10**9 // per_second, pa.decimal128(10, 0))).cast(pa.decimal128(38, 0))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return array.cast(pa.large_string())
    return array


def float_bits(array: pa.Array, as_json: bool) -> pa.Array:
    valid = array.is_valid().to_numpy(zero_copy_only=False)
    values = array.fill_null(0.0).to_numpy(zero_copy_only=False)
    if as_json:  # JSON has no word for what is not finite: null
        valid = valid & np.isfinite(values)
    bits = np.where(np.isnan(values), NAN_BITS, values.view(np.int64))
    return pa.array(bits, pa.int64(), mask=~valid)


def assert_same(ours: pa.Table, expected: pa.Table, what: str, as_json: bool = False) -> None:
    assert ours.column_names == expected.column_names, what
    assert ours.num_rows == expected.num_rows, what
    for name in expected.column_names:
        left, right = canonical(ours[name], as_json), canonical(expected[name], as_json)
        if left.equals(right):
            continue
        for i in range(len(left)):
            assert left[i].equals(right[i]), f"{what}: row {i} of {name}: {left[i]!r} is not {right[i]!r}"
        raise AssertionError(f"{what}: {name} differs")


def text_type(kind: pa.DataType) -> pa.DataType:
    """What a text form is read as: zones are not written, dictionaries are undone."""
    if pa.types.is_dictionary(kind):
        return text_type(kind.value_type)
    if pa.types.is_timestamp(kind):
        return pa.timestamp("ns") if kind.unit == "ns" else pa.timestamp(kind.unit)
    if pa.types.is_float16(kind):
        return pa.float32()
    if pa.types.is_string_view(kind) or pa.types.is_large_string(kind):
        return pa.string()
    if kind == pa.date64():
        return pa.date32()
    return pa.float64() if pa.types.is_decimal256(kind) else kind


def read_back(path: Path, form: str, schema: pa.Schema) -> pa.Table:
    """The rows of a file of ours. `schema`: of the Parquet file that it was made from."""
    if form == "parquet":
        return pq.read_table(path)
    if form == "arrow":
        return pyarrow.feather.read_table(path)
    types = {field.name: text_type(field.type) for field in schema}
    if form == "csv":
        return pyarrow.csv.read_csv(
            path,
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False,
                true_values=["true"], false_values=["false"]),
        )
    return read_jsonl(path, types)


def read_jsonl(path: Path, types: dict[str, pa.DataType]) -> pa.Table:
    """By DuckDB's reader; dates, times and numbers that are no double come as texts and are cast."""
    text = {name for name, kind in types.items() if not (pa.types.is_floating(kind) or pa.types.is_boolean(kind))}
    columns = {name: "VARCHAR" if name in text else {"bool": "BOOLEAN", "float": "FLOAT"}.get(str(kind), "DOUBLE") for name, kind in types.items()}
    con = duckdb.connect(config={"threads": 1})
    read = con.execute("SELECT * FROM read_json(?, format='newline_delimited', columns=?, maximum_object_size=64000000)",
                       [str(path), columns]).to_arrow_table()
    con.close()
    arrays = []
    for name, kind in types.items():
        array = read[name].combine_chunks()
        if name in text and not pa.types.is_string(kind):
            array = array.cast(pa.string()).cast(pa.timestamp("s")).cast(kind) if pa.types.is_date(kind) else array.cast(kind)
        arrays.append(array)
    return pa.table(arrays, names=list(types))
