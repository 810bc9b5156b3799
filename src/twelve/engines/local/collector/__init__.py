"""The collector: takes what processes print from FIFOs into log segments, losing nothing.

Its own small process, one thread, one epoll. Bytes go from pipe to file by splice, never through
its memory: at whatever moment it is killed, a byte is still in the pipe or already in the file.
"""
