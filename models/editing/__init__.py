"""Restoring received images: editors behind one interface, and a guard against their fancy."""

from gensc_models.editing.editor import Editor, EditRefusedError, RefinerEditor

__all__ = ["EditRefusedError", "Editor", "RefinerEditor"]
