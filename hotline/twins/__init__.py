"""Recognised twins of sentences: what the recogniser of live calls makes of a sentence that somebody says on a
telephone. Training sentences learn from theirs how words arrive; development sentences are measured through theirs.
"""
