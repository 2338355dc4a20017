"""What a DMS type is in a Parquet file on S3.

Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.S3.html, "Target data types for S3 Parquet"
(awsdocs/aws-dms-user-guide of 2023-06), read 2026-11-30.
"""

from __future__ import annotations

from localcloud.dms.type_tables.column import DmsType

_NAMES = {
    **{f"INT{size}": f"INT{8 * size}" for size in (1, 2, 4, 8)},
    **{f"UINT{size}": f"UINT{8 * size}" for size in (1, 2, 4, 8)},
    **dict.fromkeys(["STRING", "WSTRING", "CLOB", "NCLOB"], "STRING"),
    **dict.fromkeys(["BYTES", "BLOB"], "BINARY"),
    "NUMERIC": "DECIMAL",
    "REAL4": "FLOAT",
    "REAL8": "DOUBLE",
    "DATE": "DATE32",
    "TIME": "TIME32",
    "DATETIME": "TIMESTAMP",
    "BOOLEAN": "BOOL",
}


def parquet_type(kind: DmsType) -> str:
    """The type of the Parquet column that holds *kind*, in AWS's words.

    >>> parquet_type(DmsType("UINT4")), parquet_type(DmsType("NCLOB"))
    ('UINT32', 'STRING')
    """
    return _NAMES[kind.name]
