"""The client of the API: a connection, and a typed function for each call.

from twelve.client.calls import ps
from twelve.client.connection import Client, settings_here

shop = ps.list_processes(Client(settings_here()), "shop", "production")
print(shop["release"], [process["state"] for process in shop["processes"]])
"""
