"""Labels by people: a durable store, and the loop with a person in it."""

from skactive.labeling.errors import LabelStoreError
from skactive.labeling.events import Event
from skactive.labeling.importing import ImportReport
from skactive.labeling.label_studio import (
    export_label_studio,
    import_label_studio,
    label_studio_config,
)
from skactive.labeling.session import LabelingSession
from skactive.labeling.store import LabelStore
from skactive.labeling.tables import (
    export_csv,
    export_jsonl,
    import_csv,
    import_jsonl,
)
from skactive.labeling.widget import LabelingWidget

__all__ = [
    "Event",
    "ImportReport",
    "LabelStore",
    "LabelStoreError",
    "LabelingSession",
    "LabelingWidget",
    "export_csv",
    "export_jsonl",
    "export_label_studio",
    "import_csv",
    "import_jsonl",
    "import_label_studio",
    "label_studio_config",
]
