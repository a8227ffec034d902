"""The cluster that works: the user's, or a small one in this process."""

import atexit

_embedded = []


def client_at_hand():
    """
    Give the client in force, or one of a cluster in this process.

    Returns
    -------
    distributed.Client
        The user's, where there is one (``Client(...)``); else that of a cluster of one
        worker in this process, made once.
    """
    try:
        from distributed import Client, LocalCluster, get_client
    except ImportError as error:
        raise ImportError(
            "A dask pool needs dask's distributed scheduler: pip install "
            "'skactive[dask]'."
        ) from error
    try:
        return get_client()
    except ValueError:
        pass
    if not _embedded or _embedded[0].status != "running":
        cluster = LocalCluster(n_workers=1, processes=False, dashboard_address=None)
        client = Client(cluster, set_as_default=False)
        atexit.register(_close, client, cluster)
        _embedded[:] = [client]
    return _embedded[0]


def _close(client, cluster):
    client.close()
    cluster.close()
