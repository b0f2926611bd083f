"""What needs torch: modules from specs, and the check that they are what their graphs say."""

from netdsl.runtime.load import WeightsWarning, load

__all__ = ["WeightsWarning", "load"]
