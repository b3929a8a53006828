"""Memory and load of the devices, as an option of `callback`."""

from pytorch_lightning.callbacks import DeviceStatsMonitor


class DeviceStats(DeviceStatsMonitor):
    """Lightning's monitor, which logs the statistics of the device at both ends of every stretch of updates.

    Attributes:
        package: optional package that it needs, refused before training if it is missing.
    """

    package = "psutil"
