"""Real-ESRGAN: a generative network for blind restoration, as an editor that needs no hub."""

from gensc_models.foundation.realesrgan.editor import RealEsrganEditor, load_realesrgan

__all__ = ["RealEsrganEditor", "load_realesrgan"]
