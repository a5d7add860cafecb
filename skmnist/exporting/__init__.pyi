from ._export import export as export
from ._exported import ExportedClassifier as ExportedClassifier
from ._exported import load_exported as load_exported
from ._scikeras import to_scikeras as to_scikeras
