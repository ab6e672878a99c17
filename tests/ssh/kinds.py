"""The two ways over SSH, for tests that hold for both."""

from __future__ import annotations

from deploy.core.inventory import Host
from deploy.edge.hosts.host import Transport
from deploy.edge.ssh.openssh import OpensshTransport
from deploy.edge.ssh.routes import Routes
from deploy.edge.ssh.transport import SshTransport


def way_to(host: Host, routes: Routes) -> Transport:
    """The way to a host that its `transport` says."""
    return OpensshTransport(host, routes.ways) if host.by_openssh else SshTransport(host, routes)
