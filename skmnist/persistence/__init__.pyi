from ._card import model_card as model_card
from ._files import load as load
from ._files import save as save
