"""Makes builds: a layer of dependencies, a layer of the app, both named by what is in them."""
