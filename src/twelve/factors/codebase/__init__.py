"""I. Codebase: which commit of which app is this?"""
