"""The choice of a rate controller as PMT messages, and attached to the image it is meant for.

A choice travels as a dict of the fields of `gensc_phy.adaptation.rate_table.Choice`. On the
metadata of an image PDU it stands under the key "choice", so that operating point, threshold and
MCS reach the encoder with the very image they were chosen for.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pmt

from gensc_phy.adaptation.rate_table import Choice, RateTableError

from .errors import PduError

_KEY = pmt.intern("choice")
_WRITE = {float: pmt.from_double, int: pmt.from_long, bool: pmt.from_bool}
_READ = {
    "float": pmt.to_double,
    "int": pmt.to_long,
    "int | None": pmt.to_long,
    "bool": pmt.to_bool,
}


def to_pmt(choice: Choice) -> Any:
    """The choice as a PMT dict; a field that is None is left out."""
    return plain_dict(**vars(choice))


def from_pmt(message: Any) -> Choice:
    """The choice of a PMT dict.

    Raises:
        PduError: not a dict, or its fields make no choice.
    """
    if not pmt.is_dict(message):
        raise PduError("a choice is a dict")
    values: dict[str, Any] = {}
    for field in fields(Choice):
        value = pmt.dict_ref(message, pmt.intern(field.name), pmt.PMT_NIL)
        kind = str(field.type)
        if pmt.is_null(value):
            if kind != "int | None":
                raise PduError(f"the choice lacks {field.name}")
            values[field.name] = None
            continue
        try:
            values[field.name] = _READ[kind](value)
        except Exception as error:  # pybind maps PMT's own exceptions to several types
            raise PduError(f"choice {field.name}: {error}") from error
    try:
        return Choice(**values)
    except RateTableError as error:
        raise PduError(str(error)) from error


def attach(pdu: Any, choice: Choice) -> Any:
    """The PDU with the choice in its metadata.

    Raises:
        PduError: not a PDU.
    """
    if not pmt.is_pair(pdu) or not (pmt.is_dict(pmt.car(pdu)) or pmt.is_null(pmt.car(pdu))):
        raise PduError("not a PDU")
    metadata = pmt.make_dict() if pmt.is_null(pmt.car(pdu)) else pmt.car(pdu)
    return pmt.cons(pmt.dict_add(metadata, _KEY, to_pmt(choice)), pmt.cdr(pdu))


def attached(pdu: Any) -> Choice | None:
    """The choice in a PDU's metadata; None where there is none.

    Raises:
        PduError: not a PDU, or what stands there is no choice.
    """
    if not pmt.is_pair(pdu) or not (pmt.is_dict(pmt.car(pdu)) or pmt.is_null(pmt.car(pdu))):
        raise PduError("not a PDU")
    if pmt.is_null(pmt.car(pdu)):
        return None
    found = pmt.dict_ref(pmt.car(pdu), _KEY, pmt.PMT_NIL)
    return None if pmt.is_null(found) else from_pmt(found)


def plain_dict(**values: float | None) -> Any:
    """A PMT dict of numbers and truths by name; those that are None are left out."""
    result = pmt.make_dict()
    for name, value in values.items():
        if value is not None:
            result = pmt.dict_add(result, pmt.intern(name), _WRITE[type(value)](value))
    return result


def pair(name: str, value: float) -> Any:
    """The pair ("name" . value): what GNU Radio's Message Pair to Var takes."""
    number = pmt.from_long(value) if isinstance(value, int) else pmt.from_double(value)
    return pmt.cons(pmt.intern(name), number)
