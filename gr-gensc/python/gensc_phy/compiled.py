"""Compiled code: the few inner loops that NumPy cannot do fast enough, by Numba.

Every such kernel has a plain NumPy or Python counterpart that the tests compare it with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(signature: str) -> Callable[[Function], Function]:
    """Compile a function when its module is imported, for this signature of Numba's.

    The machine code is kept on disk (beside the module or in the user's cache), so that only the
    first import ever takes seconds; where neither place can be written to, every import does. The
    function runs without the GIL.
    """

    def decorate(function: Function) -> Function:
        try:
            return cast(Function, njit(signature, nogil=True, cache=True)(function))
        except RuntimeError as error:
            if "no locator available" not in str(error):
                raise
            return cast(Function, njit(signature, nogil=True)(function))

    return decorate
