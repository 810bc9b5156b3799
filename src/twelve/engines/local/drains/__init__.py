"""The drainer: one small process that sends log streams on, apart from everything else.

It reads the files as any follower does, keeps on disk how far it came, and needs neither control
nor the collector to go on: whoever dies, nothing is lost and nobody waits for a slow receiver.
"""
