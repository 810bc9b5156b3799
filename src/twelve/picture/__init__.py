"""The picture of a repository that the rules look at: plain data, made by the checker, read by the rooms."""
