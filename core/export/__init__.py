"""Results taken out of the workspace as files that other programs read."""

from core.export.bundles import to_faiss_zip, to_npy_zip, to_projector_zip
from core.export.manifest import build_manifest
from core.export.table import table_bytes, to_csv, to_parquet

__all__ = [
    "build_manifest", "table_bytes", "to_csv", "to_faiss_zip", "to_npy_zip", "to_parquet", "to_projector_zip",
]  # fmt: skip
