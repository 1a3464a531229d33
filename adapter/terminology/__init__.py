"""Code systems and value sets: one registry of key, OID and URI, and membership in published lists."""

from __future__ import annotations

from adapter.terminology.registry import Registry, is_oid
from adapter.terminology.value_sets import ValueSet

__all__ = ["Registry", "ValueSet", "is_oid"]
