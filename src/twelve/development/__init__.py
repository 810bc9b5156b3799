"""Development: ``twelve up``, a control plane of its own in the foreground for one folder."""
