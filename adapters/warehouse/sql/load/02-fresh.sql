DROP TABLE IF EXISTS read_events, read_legs, judged_events
