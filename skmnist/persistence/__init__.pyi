from ._files import load as load
from ._files import save as save
