"""Images for tables and training, with masks and labels where a data set has them.

DUTS, Pascal VOC, a folder, a folder with masks. :func:`open_dataset` takes the spelling of the
command line; images are read one at a time, when they are asked for.
"""

from gensc_models.data.datasets.dataset import Dataset, Entry, Example
from gensc_models.data.datasets.duts import duts
from gensc_models.data.datasets.folder import folder
from gensc_models.data.datasets.spelling import SPELLINGS, Split, open_dataset
from gensc_models.data.datasets.voc import voc

__all__ = [
    "SPELLINGS",
    "Dataset",
    "Entry",
    "Example",
    "Split",
    "duts",
    "folder",
    "open_dataset",
    "voc",
]
