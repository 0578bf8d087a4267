"""Restoring received images: editors behind one interface, made safe and kept honest.

:class:`Editor` is what all back ends offer: :class:`RefinerEditor` here, diffusers pipelines in
:mod:`gensc_models.foundation`, and servers in the host applications;
:mod:`gensc_models.catalogue.editors` finds them by name. :class:`SafeEditor` bounds
their time and, by the guard, their fancy.
"""

from gensc_models.restore.editing.editor import Editor, EditRefusedError, RefinerEditor
from gensc_models.restore.editing.guard import Bounds, Drift, Verdict, guard_edit, measure_drift
from gensc_models.restore.editing.safe import Edited, SafeEditor

__all__ = [
    "Bounds",
    "Drift",
    "EditRefusedError",
    "Edited",
    "Editor",
    "RefinerEditor",
    "SafeEditor",
    "Verdict",
    "guard_edit",
    "measure_drift",
]
