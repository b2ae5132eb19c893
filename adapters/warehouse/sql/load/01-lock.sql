-- Two at once would each take over the same events. Whoever comes second waits here, and then sees what the first has done.
LOCK TABLE landing.loads
