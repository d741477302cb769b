"""Checks what is in deploy/: the compose file, the image, the unit of systemd, the configuration of nginx, the Helm chart, alerts and
the dashboard.

There is no Docker here and no Kubernetes. So the files are checked by the tools that read them (docker-compose, hadolint,
systemd-analyze, nginx, helm, promtool) and by rules of our own, and the instances of the compose file run as plain processes behind
its nginx.
Each rule is tried on files that break it (`mutations`), so that none of them lets everything pass.
"""


import chart
import compose
import image
import monitoring
import topology
import unit
from common import Checks


def main():
    checks = Checks()
    for part in (compose, image, unit, chart, monitoring, topology):
        part.check(checks)
    checks.end()


main()
