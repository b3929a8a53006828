"""The `conf/` folders of trusted packages on Hydra's search path. Hydra finds it by its naming convention."""

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin

from saddle.config.packages import trusted_packages


class TrustedPackages(SearchPathPlugin):
    """Appends the folders to Saddle's own."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        for package in trusted_packages():
            if package.conf is not None:
                search_path.append(provider=package.name, path=f"file://{package.conf}")
