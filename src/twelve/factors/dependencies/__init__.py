"""II. Dependencies: what does the app need, and is all of that declared?"""
