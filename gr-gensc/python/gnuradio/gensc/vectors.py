"""PMT uniform vectors as NumPy arrays.

pmt's own Python conversions go element by element (a 768x512 photo takes 130 ms); here the
memory of the vector itself is the array.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pmt
from numpy.typing import NDArray

_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype = ctypes.c_void_p
_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]

# dtype -> (constructor, predicate)
_KINDS: dict[np.dtype[Any], tuple[Any, Any]] = {
    np.dtype(np.uint8): (lambda n: pmt.make_u8vector(n, 0), pmt.is_u8vector),
    np.dtype(np.float32): (lambda n: pmt.make_f32vector(n, 0.0), pmt.is_f32vector),
    np.dtype(np.complex64): (lambda n: pmt.make_c32vector(n, 0j), pmt.is_c32vector),
}


class _Memory:
    """Array interface of a PMT vector; holding it keeps the vector alive."""

    def __init__(self, vector: Any, dtype: np.dtype[Any]) -> None:
        self.vector = vector
        address = _pointer(pmt.uniform_vector_writable_elements(vector, 0), None)
        self.__array_interface__ = {
            "data": (address, False),
            "typestr": dtype.str,
            "shape": (pmt.length(vector),),
            "version": 3,
        }


def _elements(vector: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    # An empty vector has no address to ask for.
    if pmt.length(vector) == 0:
        return np.zeros(0, dtype)
    return np.asarray(_Memory(vector, dtype))


def from_array(array: NDArray[Any]) -> Any:
    """A PMT vector with a copy of `array`, flattened; uint8, float32 or complex64."""
    flat = np.ascontiguousarray(array).reshape(-1)
    vector = _KINDS[flat.dtype][0](flat.size)
    _elements(vector, flat.dtype)[:] = flat
    return vector


def to_array(vector: Any, dtype: type[np.generic]) -> NDArray[Any]:
    """A read-only view of a PMT vector's elements.

    Raises:
        TypeError: `vector` is not a PMT vector of `dtype`.
    """
    kind = np.dtype(dtype)
    if not _KINDS[kind][1](vector):
        raise TypeError(f"not a vector of {kind.name}")
    view = _elements(vector, kind)
    # PMTs are shared by every block that received them.
    view.setflags(write=False)
    return view
