"""Memory and load of the devices, as a callback that a run can ask for."""

from pytorch_lightning.callbacks import DeviceStatsMonitor


class DeviceStats(DeviceStatsMonitor):
    """Lightning's monitor, which logs the statistics of the device at both ends of every stretch of updates.

    A class of ours, because it says which package it needs: a missing one is refused before training.

    Attributes:
        package: optional package that it needs.
    """

    package = "psutil"
